package egdproto_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"time"

	"prngd/egdproto"
)

// dial stands for net.Dial("unix", "/run/egd-pool"): a daemon that is seeded, whose
// bytes are 0, 1, 2 ..., as long as it is asked for no more than 40.
func dial() net.Conn {
	ours, theirs := net.Pipe()
	go func() {
		defer theirs.Close()
		for {
			var ask [2]byte
			if _, err := io.ReadFull(theirs, ask[:1]); err != nil {
				return
			}
			switch command := egdproto.Command(ask[0]); command {
			case egdproto.Count:
				theirs.Write(egdproto.AppendLevel(nil, egdproto.Level))
			case egdproto.PID:
				theirs.Write(egdproto.AppendPID(nil, 4711))
			case egdproto.ReadSome, egdproto.ReadAll:
				io.ReadFull(theirs, ask[1:])
				var reply []byte
				if command == egdproto.ReadSome {
					reply = append(reply, ask[1])
				}
				for i := range min(ask[1], 40) {
					reply = append(reply, i)
				}
				theirs.Write(reply)
				if ask[1] > 40 {
					return
				}
			}
		}
	}()
	return ours
}

func Example() {
	conn := dial() // net.Dial("unix", "/run/egd-pool")
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(10 * time.Second)) // else a daemon that is not seeded lets us wait

	key := make([]byte, 16)
	if _, err := io.ReadFull(egdproto.NewClient(conn), key); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	fmt.Printf("%x\n", key)
	// Output: 000102030405060708090a0b0c0d0e0f
}

func ExampleClient_Level() {
	conn := dial()
	defer conn.Close()
	client := egdproto.NewClient(conn)
	bits, err := client.Level()
	fmt.Println(bits, err)
	pid, err := client.PID()
	fmt.Println(pid, err)
	// Output:
	// 8192 <nil>
	// 4711 <nil>
}

// What came before an error is in p.
func ExampleClient_ReadSome() {
	conn := dial()
	defer conn.Close()
	p := make([]byte, 100)
	n, err := egdproto.NewClient(conn).ReadSome(p)
	fmt.Println(n, errors.Is(err, io.ErrUnexpectedEOF))
	// Output: 40 true
}

func ExampleParseAddress() {
	for _, s := range []string{"/run/egd-pool", "tcp/[::1]:708", "egd-pool"} {
		a, err := egdproto.ParseAddress(s)
		if err != nil {
			fmt.Println(err)
			continue
		}
		network, address := a.Dial()
		fmt.Println(network, address)
	}
	// Output:
	// unix /run/egd-pool
	// tcp [::1]:708
	// address "egd-pool": expected an absolute path or tcp/HOST:PORT
}

func ExampleRequest_Append() {
	fmt.Printf("% x\n", egdproto.Request{Command: egdproto.ReadAll, N: 16}.Append(nil))
	fmt.Printf("% x\n", egdproto.Request{Command: egdproto.Write, Bits: 8, Data: []byte("ab")}.Append(nil))
	// Output:
	// 02 10
	// 03 00 08 02 61 62
}
