// Package egdproto is the wire protocol of the Entropy Gathering Daemon as
// EGD 0.9 and PRNGD speak it: requests, replies, addresses and a client.
//
// # Protocol
//
// The transport is a stream, the client speaks first, and there is no framing
// but the byte counts, no version and no error reply: the one error signal is
// a closed connection. Integers of several bytes are big endian.
//
// # Reading random bytes
//
// Dial the socket and read from a [Client], which is an [io.Reader] over the
// blocking read:
//
//	conn, err := net.Dial("unix", "/run/egd-pool")
//	...
//	client := egdproto.NewClient(conn)
//	_, err = io.ReadFull(client, key)
//
// A daemon that is not seeded lets the reader wait: set a deadline on the
// connection to bound that. [Client.ReadSome] never waits for entropy and may
// return fewer bytes than asked for; once prngd is seeded it returns all of them.
//
// # Errors
//
// A reader returns what came before an error, and the error. A daemon that closes
// the connection before a reply is complete gives [io.ErrUnexpectedEOF]. After any
// error the stream is out of step: close it and dial again.
package egdproto
