// Command sample is the application that the demo and the end-to-end tests release. It says which version and pod answered, and can be told to
// misbehave. Everything is set by environment variables, so that an image of it is a recipe of variables:
//
//	VERSION             what it says it is; default "dev"
//	PORT                default 8080
//	FAIL                crash: exits at once. unready: /readyz never answers 200. errors: every request is answered with 500
//	START_DELAY         time (Go syntax, e.g. 1.5s) before /readyz answers 200
//	RESPONSE_DELAY      time every request takes
//	SHUTDOWN_DELAY      time it goes on serving after SIGTERM, with /readyz at 503
//	VERSION_FILE        at SIGHUP it says it is what this file says, if it can be read; a new start forgets that. Without it SIGHUP ends the program
//	HAND_OVER           path of a unix socket in a directory that two containers of a pod share: whoever starts takes listener and connections over
//	                    from the one that serves, see handover.go. `sample holds` in a container ends with 0 where its process is that one
//	EMPTY               it serves nothing: the image that a container of such a pair has while it is not in use
//	REGISTRATION        JSON: the calls by which it registers with a service registry, see registration.go
//	MAX_CONNECTION_AGE  a kept connection older than this is closed with its next answer; 0 (default): never
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

type answer struct {
	Version   string `json:"version"`
	Pod       string `json:"pod"`
	Node      string `json:"node,omitempty"`
	StartedAt string `json:"startedAt"`
	Served    int64  `json:"served"`
}

type connectionStart struct{}

func main() {
	version, fail := text("VERSION", "dev"), os.Getenv("FAIL")
	var shown atomic.Value
	shown.Store(version)
	log.SetFlags(log.LstdFlags | log.LUTC | log.Lmicroseconds)
	handOver := os.Getenv("HAND_OVER")
	if len(os.Args) == 2 && os.Args[1] == "holds" {
		if holds(handOver) {
			os.Exit(0)
		}
		os.Exit(1)
	}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	if os.Getenv("EMPTY") != "" {
		log.Printf("empty: %s, stopping", <-signals)
		return
	}
	if fail == "crash" {
		log.Fatalf("version %s: FAIL=crash, so it exits", version)
	}
	started := time.Now()
	hostname, _ := os.Hostname()
	startDelay, responseDelay, maxAge := duration("START_DELAY"), duration("RESPONSE_DELAY"), duration("MAX_CONNECTION_AGE")
	var served atomic.Int64
	var stopping atomic.Bool

	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		switch {
		case fail == "unready":
			http.Error(w, "FAIL=unready", http.StatusServiceUnavailable)
		case stopping.Load():
			http.Error(w, "stopping", http.StatusServiceUnavailable)
		case time.Since(started) < startDelay:
			http.Error(w, "starting", http.StatusServiceUnavailable)
		default:
			fmt.Fprintln(w, "ok")
		}
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		delay := responseDelay
		// One request can ask for its own delay: GET /?delay=2s
		if asked, err := time.ParseDuration(r.URL.Query().Get("delay")); err == nil {
			delay = asked
		}
		time.Sleep(delay)
		count := served.Add(1)
		since, _ := r.Context().Value(connectionStart{}).(time.Time)
		// A caller that keeps its connection learns here, with a whole answer in hand, that it must open another one.
		if stopping.Load() || (maxAge > 0 && time.Since(since) > maxAge) {
			w.Header().Set("Connection", "close")
		}
		if fail == "errors" {
			http.Error(w, "FAIL=errors", http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(answer{
			Version: shown.Load().(string), Pod: text("POD_NAME", hostname), Node: os.Getenv("NODE_NAME"),
			StartedAt: started.UTC().Format(time.RFC3339Nano), Served: count,
		})
	})

	server := &http.Server{
		Addr:              ":" + text("PORT", "8080"),
		Handler:           mux,
		ReadHeaderTimeout: 10 * time.Second,
		ConnContext: func(ctx context.Context, _ net.Conn) context.Context {
			return context.WithValue(ctx, connectionStart{}, time.Now())
		},
	}
	if file := os.Getenv("VERSION_FILE"); file != "" {
		hangups := make(chan os.Signal, 1)
		signal.Notify(hangups, syscall.SIGHUP)
		go func() {
			for range hangups {
				content, err := os.ReadFile(file)
				if err == nil {
					shown.Store(strings.TrimSpace(string(content)))
				} else {
					shown.Store(version)
				}
				log.Printf("version %s: SIGHUP, now %s", version, shown.Load())
			}
		}()
	}
	if handOver != "" {
		go func() { log.Fatal(newPair(handOver, mux).serve(server.Addr)) }()
		log.Printf("version %s: %s, stopping", version, <-signals)
		return
	}
	listener, err := net.Listen("tcp", server.Addr)
	if err != nil {
		log.Fatal(err)
	}
	leave := func() {}
	if told := os.Getenv("REGISTRATION"); told != "" {
		registration, err := parseRegistration(told, text("POD_NAME", hostname))
		if err != nil {
			log.Fatalf("REGISTRATION: %v", err)
		}
		ctx, cancel := context.WithCancel(context.Background())
		go registration.keep(ctx)
		leave = func() {
			cancel()
			registration.leave()
		}
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		log.Printf("version %s: %s, stopping", version, <-signals)
		stopping.Store(true)
		leave()
		time.Sleep(duration("SHUTDOWN_DELAY"))
		// Finishes what is in flight.
		_ = server.Shutdown(context.Background())
	}()
	log.Printf("version %s: listening on %s", version, server.Addr)
	if err := server.Serve(listener); err != http.ErrServerClosed {
		log.Fatal(err)
	}
	<-done
	log.Printf("version %s: stopped after %d requests", version, served.Load())
}

func text(name, fallback string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return fallback
}

// duration reads a variable; a wrong one ends the program: a test that thinks it waits must not go on.
func duration(name string) time.Duration {
	value := text(name, "0s")
	parsed, err := time.ParseDuration(value)
	if err != nil {
		log.Fatalf("%s: %v", name, err)
	}
	return parsed
}
