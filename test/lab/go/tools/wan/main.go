// Command wan delays the TCP connections that are redirected to it, as a long line between two places would.
//
// It takes connections on a port, learns where each was going, connects there, and passes bytes both ways, each
// chunk a delay after it came. Chunks wait in a queue and not one after the other, so a delay costs no rate until
// the queue, which stands for the line, is full. Its one argument is a file with the delay in milliseconds, read
// again on SIGHUP.
package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	listenAddress = "0.0.0.0:15001"
	// Read at a time, at most.
	chunkSize = 64 << 10
	// Chunks are cut out of pieces of memory so large: most are small, and a buffer for each cost more than the line.
	slabSize = 1 << 20
	// What a direction of one connection may have on its way: 16 MiB, more than a TCP window grows to.
	queuedChunks = 256
)

var delay atomic.Int64 // nanoseconds, one way

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: wan DELAY-FILE")
	}
	readDelay(os.Args[1])
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	go func() {
		for range hangup {
			readDelay(os.Args[1])
		}
	}()
	listener, err := net.Listen("tcp4", listenAddress)
	if err != nil {
		log.Fatal(err)
	}
	for {
		client, err := listener.Accept()
		if err != nil {
			log.Print(err)
			time.Sleep(10 * time.Millisecond)
			continue
		}
		go serve(client.(*net.TCPConn))
	}
}

func readDelay(path string) {
	text, err := os.ReadFile(path)
	if err != nil {
		log.Fatal(err)
	}
	milliseconds, err := strconv.ParseFloat(strings.TrimSpace(string(text)), 64)
	if err != nil {
		log.Fatal(err)
	}
	delay.Store(int64(milliseconds * float64(time.Millisecond)))
}

// serve connects where a client wanted to go. The client's own handshake was answered here at once, so what the
// line would have taken is waited for: a client can speak after a round trip, a server after one and a half.
func serve(client *net.TCPConn) {
	target, err := originalTarget(client)
	if err != nil {
		log.Print(err)
		reset(client)
		return
	}
	oneWay := time.Duration(delay.Load())
	accepted := time.Now()
	up := newLine(client, accepted.Add(2*oneWay))
	time.Sleep(3 * oneWay)
	connection, err := net.DialTimeout("tcp4", target, 10*time.Second)
	if err != nil {
		up.drop()
		time.Sleep(oneWay)
		reset(client)
		return
	}
	server := connection.(*net.TCPConn)
	sent := make(chan struct{})
	go func() {
		up.deliver(server)
		close(sent)
	}()
	newLine(server, accepted).deliver(client)
	<-sent
	client.Close()
	server.Close()
}

type chunk struct {
	data []byte
	due  time.Time
	err  error
}

// A line carries bytes one way, from a connection to whoever they are delivered to.
type line struct {
	from   *net.TCPConn
	chunks chan chunk
	done   chan struct{}
}

// newLine starts to take bytes; none counts as sent before open.
func newLine(from *net.TCPConn, open time.Time) *line {
	l := &line{from: from, chunks: make(chan chunk, queuedChunks), done: make(chan struct{})}
	go l.read(open)
	return l
}

func (l *line) drop() { close(l.done) }

// deliver passes on what comes until the sender ends or either side fails.
func (l *line) deliver(to *net.TCPConn) {
	defer l.drop()
	for c := range l.chunks {
		time.Sleep(time.Until(c.due))
		switch {
		case errors.Is(c.err, io.EOF):
			to.CloseWrite()
			return
		case c.err != nil:
			reset(to)
			reset(l.from)
			return
		}
		if _, err := to.Write(c.data); err != nil {
			reset(l.from)
			return
		}
	}
}

func (l *line) read(open time.Time) {
	var slab []byte
	for {
		if len(slab) < chunkSize {
			slab = make([]byte, slabSize)
		}
		n, err := l.from.Read(slab[:chunkSize])
		data := slab[:n:n]
		slab = slab[n:]
		due := time.Now()
		if due.Before(open) {
			due = open
		}
		due = due.Add(time.Duration(delay.Load()))
		for _, c := range []chunk{{data: data, due: due}, {due: due, err: err}} {
			if len(c.data) == 0 && c.err == nil {
				continue
			}
			select {
			case l.chunks <- c:
			case <-l.done:
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// reset ends a connection in a way that its peer takes for a failure and not for an orderly end.
func reset(connection *net.TCPConn) {
	connection.SetLinger(0)
	connection.Close()
}

// originalTarget asks the kernel where a redirected connection was going.
func originalTarget(connection *net.TCPConn) (string, error) {
	raw, err := connection.SyscallConn()
	if err != nil {
		return "", err
	}
	const soOriginalDst = 80
	var address *syscall.IPv6Mreq // As large as the sockaddr_in that comes back, which is all that matters.
	var failure error
	err = raw.Control(func(fd uintptr) {
		address, failure = syscall.GetsockoptIPv6Mreq(int(fd), syscall.IPPROTO_IP, soOriginalDst)
	})
	if err != nil {
		return "", err
	}
	if failure != nil {
		return "", fmt.Errorf("where was it going? %w", failure)
	}
	bytes := address.Multiaddr
	port := binary.BigEndian.Uint16(bytes[2:4])
	return net.JoinHostPort(net.IP(bytes[4:8]).String(), strconv.Itoa(int(port))), nil
}
