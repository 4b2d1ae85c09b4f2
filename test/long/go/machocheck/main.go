// Machocheck reads the ad hoc signature of a Mach-O executable by a library that did not write it, and compares every
// digest in it with the page that it is of. It prints what it saw as JSON, and fails where a digest is wrong.
package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"

	"github.com/blacktop/go-macho"
)

func fail(why any) {
	fmt.Fprintln(os.Stderr, why)
	os.Exit(1)
}

func main() {
	content, err := os.ReadFile(os.Args[1])
	if err != nil {
		fail(err)
	}
	file, err := macho.NewFile(bytes.NewReader(content))
	if err != nil {
		fail(err)
	}
	signature := file.CodeSignature()
	if signature == nil || len(signature.CodeDirectories) != 1 {
		fail("there is not one code directory")
	}
	directory := signature.CodeDirectories[0]
	limit := int(directory.Header.CodeLimit)
	page := 1 << directory.Header.PageSize
	for _, slot := range directory.CodeSlots {
		start := int(slot.Index) * page
		digest := sha256.Sum256(content[start:min(limit, start+page)])
		if !bytes.Equal(digest[:], slot.Hash) {
			fail(fmt.Sprintf("page %d has another digest", slot.Index))
		}
	}
	text, linkEdit := file.Segment("__TEXT"), file.Segment("__LINKEDIT")
	json.NewEncoder(os.Stdout).Encode(map[string]any{
		"cpu":             file.CPU.String(),
		"identifier":      directory.ID,
		"flags":           uint32(directory.Header.Flags),
		"pages":           len(directory.CodeSlots),
		"covered":         limit == int(signature.Offset) && len(directory.CodeSlots) == (limit+page-1)/page,
		"atEnd":           int(signature.Offset+signature.Size) == len(content),
		"linkEditAtEnd":   int(linkEdit.Offset+linkEdit.Filesz) == len(content),
		"executableLimit": directory.Header.ExecSegLimit == text.Filesz,
		"hasCode":         file.Segment("NODE_SEA") != nil,
	})
}
