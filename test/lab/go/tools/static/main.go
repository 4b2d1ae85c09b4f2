// Command static is an image's only file: it sleeps until it is told to stop, or for the seconds of its
// first argument. Tests use it where a container must have no shell, no tar and no libraries.
package main

import (
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"
)

func main() {
	done := make(chan os.Signal, 1)
	signal.Notify(done, syscall.SIGTERM, syscall.SIGINT)
	var limit <-chan time.Time
	if len(os.Args) > 1 {
		seconds, err := strconv.ParseFloat(os.Args[1], 64)
		if err != nil {
			fmt.Fprintln(os.Stderr, "usage: static [SECONDS]")
			os.Exit(2)
		}
		limit = time.After(time.Duration(seconds * float64(time.Second)))
	}
	fmt.Println("static: started")
	select {
	case <-done:
	case <-limit:
	}
}
