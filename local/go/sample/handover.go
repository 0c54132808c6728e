package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// A pair of processes that share a network and a directory, of which one serves. The one that starts asks the one that serves at the unix socket
// `path`, and gets the listener and then each connection (SCM_RIGHTS), idle ones at once and busy ones after their answer. From then on it
// serves and listens at `path`. The other one stays, holds nothing, and waits for its end.
type pair struct {
	path      string
	handler   http.Handler
	accepting sync.WaitGroup
	sending   sync.Mutex

	mu      sync.Mutex
	changed *sync.Cond
	conns   map[*held]bool
	// Whom the connections are for, while they are handed over.
	heir   *net.UnixConn
	failed error
}

func newPair(path string, handler http.Handler) *pair {
	p := &pair{path: path, handler: handler, conns: map[*held]bool{}}
	p.changed = sync.NewCond(&p.mu)
	return p
}

type held struct {
	*net.TCPConn
	idle bool
}

const listenerSent, connSent, allSent = 'l', 'c', 'e'

// serve takes over from whoever serves, or begins, and returns when it could not.
func (p *pair) serve(address string) error {
	peer, err := net.DialUnix("unix", nil, &net.UnixAddr{Name: p.path, Net: "unix"})
	if err != nil {
		listener, err := net.Listen("tcp", address)
		if err != nil {
			return err
		}
		p.accept(listener.(*net.TCPListener))
		log.Printf("nobody serves yet: listening on %s", address)
		return p.listenForHeir(listener.(*net.TCPListener))
	}
	listener, count, err := p.takeOver(peer)
	if err != nil {
		return fmt.Errorf("taking over: %w", err)
	}
	log.Printf("took over the listener and %d connections", count)
	return p.listenForHeir(listener)
}

func (p *pair) takeOver(peer *net.UnixConn) (listener *net.TCPListener, count int, err error) {
	defer peer.Close()
	if _, err = peer.Write([]byte{'?'}); err != nil {
		return nil, 0, err
	}
	kind, oob := make([]byte, 1), make([]byte, syscall.CmsgSpace(4))
	for {
		_, n, _, _, err := peer.ReadMsgUnix(kind, oob)
		if err != nil {
			return nil, 0, err
		}
		if kind[0] == allSent {
			return listener, count, nil
		}
		file, err := fileOf(oob[:n])
		if err != nil {
			return nil, 0, err
		}
		if kind[0] == listenerSent {
			opened, err := net.FileListener(file)
			if err != nil {
				return nil, 0, err
			}
			listener = opened.(*net.TCPListener)
			p.accept(listener)
		} else if conn, err := net.FileConn(file); err == nil {
			count++
			p.begin(conn.(*net.TCPConn))
		}
		_ = file.Close()
	}
}

func fileOf(oob []byte) (*os.File, error) {
	messages, err := syscall.ParseSocketControlMessage(oob)
	if err != nil || len(messages) != 1 {
		return nil, fmt.Errorf("one descriptor was expected: %v", err)
	}
	fds, err := syscall.ParseUnixRights(&messages[0])
	if err != nil || len(fds) != 1 {
		return nil, fmt.Errorf("one descriptor was expected: %v", err)
	}
	return os.NewFile(uintptr(fds[0]), "handed over"), nil
}

// listenForHeir hands over to whoever asks; one that dies half-way leaves the rest here. Returns never.
func (p *pair) listenForHeir(listener *net.TCPListener) error {
	_ = os.Remove(p.path)
	door, err := net.ListenUnix("unix", &net.UnixAddr{Name: p.path, Net: "unix"})
	if err != nil {
		return err
	}
	door.SetUnlinkOnClose(false)
	for {
		heir, err := door.AcceptUnix()
		if err != nil {
			return err
		}
		// Who only wants to know whose door it is says nothing.
		if _, err := heir.Read(make([]byte, 1)); err != nil {
			_ = heir.Close()
			continue
		}
		// Before the last word: the heir opens a door of its own under that name, and this one must be seen to be shut.
		if err := p.handOver(heir, listener); err != nil {
			log.Printf("handing over: %v; it goes on", err)
			_ = heir.Close()
			continue
		}
		_ = door.Close()
		log.Print("handed over")
		_ = p.send(heir, allSent, nil)
		_ = heir.Close()
		select {}
	}
}

// handOver gives away the listener, then each connection as soon as it is idle.
func (p *pair) handOver(heir *net.UnixConn, listener *net.TCPListener) error {
	_ = listener.SetDeadline(time.Unix(1, 0))
	p.accepting.Wait()
	err := p.send(heir, listenerSent, listener)
	p.mu.Lock()
	p.heir, p.failed = heir, err
	for conn := range p.conns {
		if conn.idle {
			_ = conn.SetReadDeadline(time.Unix(1, 0))
		}
	}
	for len(p.conns) > 0 && p.failed == nil {
		p.changed.Wait()
	}
	p.heir, err = nil, p.failed
	p.mu.Unlock()
	if err == nil {
		return listener.Close()
	}
	_ = listener.SetDeadline(time.Time{})
	p.accept(listener)
	return err
}

func (p *pair) send(heir *net.UnixConn, kind byte, what syscall.Conn) error {
	p.sending.Lock()
	defer p.sending.Unlock()
	if what == nil {
		_, err := heir.Write([]byte{kind})
		return err
	}
	raw, err := what.SyscallConn()
	if err != nil {
		return err
	}
	var sent error
	if err := raw.Control(func(fd uintptr) { _, _, sent = heir.WriteMsgUnix([]byte{kind}, syscall.UnixRights(int(fd)), nil) }); err != nil {
		return err
	}
	return sent
}

func (p *pair) accept(listener *net.TCPListener) {
	p.accepting.Add(1)
	go func() {
		defer p.accepting.Done()
		for {
			conn, err := listener.AcceptTCP()
			if err != nil {
				return
			}
			p.begin(conn)
		}
	}()
}

func (p *pair) begin(tcp *net.TCPConn) {
	conn := &held{TCPConn: tcp}
	p.mu.Lock()
	p.conns[conn] = true
	p.mu.Unlock()
	go func() {
		p.answerAll(conn)
		_ = conn.Close()
		p.mu.Lock()
		delete(p.conns, conn)
		p.changed.Broadcast()
		p.mu.Unlock()
	}()
}

// givenAway gives the connection away where an heir waits; else it is idle from now on.
func (p *pair) givenAway(conn *held) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	conn.idle = p.heir == nil || p.failed != nil
	if conn.idle {
		return false
	}
	err := p.send(p.heir, connSent, conn.TCPConn)
	if err != nil {
		p.failed, conn.idle = err, true
		p.changed.Broadcast()
	}
	return err == nil
}

// answerAll answers request after request, until the connection ends or is somebody else's. It is given away only between two requests, with
// nothing read of the next one.
func (p *pair) answerAll(conn *held) {
	reader := bufio.NewReader(conn)
	for {
		if reader.Buffered() == 0 && p.givenAway(conn) {
			return
		}
		_, err := reader.Peek(1)
		p.mu.Lock()
		conn.idle = false
		_ = conn.SetReadDeadline(time.Time{})
		p.mu.Unlock()
		if errors.Is(err, os.ErrDeadlineExceeded) {
			continue
		}
		if err != nil {
			return
		}
		request, err := http.ReadRequest(reader)
		if err != nil {
			return
		}
		answer := &buffered{header: http.Header{}, status: http.StatusOK}
		p.handler.ServeHTTP(answer, request)
		_, _ = io.Copy(io.Discard, request.Body)
		if answer.writeTo(conn) != nil || request.Close || answer.header.Get("Connection") == "close" {
			return
		}
	}
}

// buffered is an answer that is written when it is whole.
type buffered struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (b *buffered) Header() http.Header               { return b.header }
func (b *buffered) WriteHeader(status int)            { b.status = status }
func (b *buffered) Write(content []byte) (int, error) { return b.body.Write(content) }

func (b *buffered) writeTo(conn net.Conn) error {
	b.header.Set("Content-Length", strconv.Itoa(b.body.Len()))
	var head bytes.Buffer
	fmt.Fprintf(&head, "HTTP/1.1 %d %s\r\n", b.status, http.StatusText(b.status))
	_ = b.header.Write(&head)
	head.WriteString("\r\n")
	head.Write(b.body.Bytes())
	_, err := conn.Write(head.Bytes())
	return err
}

// holds tells whether the one that serves runs in this container: only then its process has a number here.
func holds(path string) bool {
	conn, err := net.DialUnix("unix", nil, &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		return false
	}
	defer conn.Close()
	raw, err := conn.SyscallConn()
	if err != nil {
		return false
	}
	number := 0
	_ = raw.Control(func(fd uintptr) {
		if peer, err := syscall.GetsockoptUcred(int(fd), syscall.SOL_SOCKET, syscall.SO_PEERCRED); err == nil {
			number = int(peer.Pid)
		}
	})
	return number != 0
}
