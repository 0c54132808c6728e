package main

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// A registration is what the application tells its service registry, as the calls of that registry's own client: it registers when it serves,
// says that it lives, registers again where it is not known any more, and takes itself off on its way out.
type registration struct {
	Register []call `json:"register"`
	Beat     []call `json:"beat"`
	Leave    []call `json:"leave"`
	// Between two beats.
	EveryMs int `json:"everyMs"`
}

// A call by HTTP. An answer of 300 and more, or one without Expect in it, is a refusal.
type call struct {
	Method string            `json:"method"`
	URL    string            `json:"url"`
	Header map[string]string `json:"header"`
	Body   string            `json:"body"`
	Expect string            `json:"expect"`
	// Texts that stand in Body as base64, each for its {name}.
	Base64 map[string]string `json:"base64"`
	// Whatever comes of it, the next call is made.
	Optional bool `json:"optional"`
}

// parseRegistration reads the JSON of a registration; {ip} and {pod} stand for what the application has, {number} for its address as one number,
// {started} for the time (ms) at which it began.
func parseRegistration(text, pod string) (*registration, error) {
	ip, err := ownAddress()
	if err != nil {
		return nil, err
	}
	var r registration
	number := strconv.FormatUint(uint64(binary.BigEndian.Uint32(ip)), 10)
	known := strings.NewReplacer("{ip}", ip.String(), "{pod}", pod, "{number}", number, "{started}", strconv.FormatInt(time.Now().UnixMilli(), 10))
	if err := json.Unmarshal([]byte(known.Replace(text)), &r); err != nil {
		return nil, err
	}
	if r.EveryMs <= 0 {
		return nil, fmt.Errorf("everyMs: %d", r.EveryMs)
	}
	return &r, nil
}

// keep registers and beats until the context ends. Nobody answering is no reason to register again: the registry may be back with all it knew.
func (r *registration) keep(ctx context.Context) {
	registered := false
	for {
		calls := r.Register
		if registered {
			calls = r.Beat
		}
		refused, err := callAll(ctx, calls)
		switch {
		case ctx.Err() != nil:
			return
		case err == nil && !registered:
			log.Print("registered")
			registered = true
		case err != nil && registered && refused:
			log.Printf("not known any more: %v", err)
			registered = false
			continue
		case err != nil:
			log.Printf("registry: %v", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(time.Duration(r.EveryMs) * time.Millisecond):
		}
	}
}

func (r *registration) leave() {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	if _, err := callAll(ctx, r.Leave); err != nil {
		log.Printf("leaving: %v", err)
	}
}

// callAll makes the calls one after another, up to the first that fails. refused: the registry has answered it.
func callAll(ctx context.Context, calls []call) (refused bool, err error) {
	for _, c := range calls {
		if refused, err = c.make(ctx); err != nil && !c.Optional {
			return refused, err
		}
	}
	return false, nil
}

var registry = &http.Client{Timeout: 2 * time.Second}

func (c call) make(ctx context.Context) (refused bool, err error) {
	body := c.Body
	for name, content := range c.Base64 {
		body = strings.ReplaceAll(body, "{"+name+"}", base64.StdEncoding.EncodeToString([]byte(content)))
	}
	request, err := http.NewRequestWithContext(ctx, c.Method, c.URL, strings.NewReader(body))
	if err != nil {
		return false, err
	}
	for name, value := range c.Header {
		request.Header.Set(name, value)
	}
	answer, err := registry.Do(request)
	if err != nil {
		return false, err
	}
	defer answer.Body.Close()
	said, err := io.ReadAll(answer.Body)
	if err != nil {
		return false, err
	}
	if answer.StatusCode >= 300 || !strings.Contains(string(said), c.Expect) {
		return answer.StatusCode != http.StatusServiceUnavailable, fmt.Errorf("%s %s: %d %s", c.Method, c.URL, answer.StatusCode, said)
	}
	return false, nil
}

// ownAddress is the first one that is not loopback, as clients of registries take it.
func ownAddress() (net.IP, error) {
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		return nil, err
	}
	for _, address := range addresses {
		if network, ok := address.(*net.IPNet); ok && !network.IP.IsLoopback() && network.IP.To4() != nil {
			return network.IP.To4(), nil
		}
	}
	return nil, fmt.Errorf("no address but loopback")
}
