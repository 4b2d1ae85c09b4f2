// Command cni is a chained CNI plugin that tells the lab's agent of each new pod's address, and lets the pod start
// only when the network policies for it are in force. Without it a pod would be open for some tenths of a second.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"strings"
	"time"
)

type config struct {
	CNIVersion string          `json:"cniVersion"`
	Socket     string          `json:"socket"`
	Node       string          `json:"node"`
	PrevResult json.RawMessage `json:"prevResult"`
}

type result struct {
	IPs []struct {
		Address string `json:"address"`
	} `json:"ips"`
}

func main() {
	if os.Getenv("CNI_COMMAND") == "VERSION" {
		fmt.Println(`{"cniVersion":"1.0.0","supportedVersions":["0.3.1","0.4.0","1.0.0"]}`)
		return
	}
	var c config
	if err := json.NewDecoder(os.Stdin).Decode(&c); err != nil {
		fail(err)
	}
	if os.Getenv("CNI_COMMAND") != "ADD" {
		return
	}
	if err := announce(c); err != nil {
		// A lab whose agent was killed on purpose still starts pods.
		fmt.Fprintln(os.Stderr, "x8s: pod not announced:", err)
	}
	os.Stdout.Write(c.PrevResult)
}

func fail(err error) {
	json.NewEncoder(os.Stdout).Encode(map[string]any{"cniVersion": "0.4.0", "code": 100, "msg": err.Error()})
	os.Exit(1)
}

func announce(c config) error {
	var previous result
	if err := json.Unmarshal(c.PrevResult, &previous); err != nil {
		return err
	}
	if len(previous.IPs) == 0 {
		return fmt.Errorf("no address in the previous result")
	}
	connection, err := net.DialTimeout("unix", c.Socket, time.Second)
	if err != nil {
		return err
	}
	defer connection.Close()
	connection.SetDeadline(time.Now().Add(3 * time.Second))
	address, _, _ := strings.Cut(previous.IPs[0].Address, "/")
	message := map[string]string{"node": c.Node, "address": address, "uid": podUID()}
	if err := json.NewEncoder(connection).Encode(message); err != nil {
		return err
	}
	_, err = bufio.NewReader(connection).ReadString('\n')
	return err
}

// podUID is one of the pairs in CNI_ARGS: IgnoreUnknown=1;K8S_POD_NAMESPACE=…;K8S_POD_UID=…
func podUID() string {
	for _, pair := range strings.Split(os.Getenv("CNI_ARGS"), ";") {
		if uid, found := strings.CutPrefix(pair, "K8S_POD_UID="); found {
			return uid
		}
	}
	return ""
}
