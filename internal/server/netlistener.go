package server

import "net"

// Accept and Addr make a Listener a net.Listener, so that another protocol can
// have this package's rules for paths and modes.
func (l *Listener) Accept() (net.Conn, error) { return l.socket().Accept() }

// Addr returns the address as package net has it.
func (l *Listener) Addr() net.Addr { return l.socket().Addr() }
