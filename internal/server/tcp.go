package server

import (
	"net"
	"time"
)

// An idle TCP peer that is there is never a reason to close; one whose host is gone
// is noticed in a few minutes.
const (
	keepAliveIdle     = time.Minute
	keepAliveInterval = 15 * time.Second
	keepAliveCount    = 8
)

// setTCPOptions has c send replies at once (TCP_NODELAY), and notice a dead host.
func setTCPOptions(c *net.TCPConn) {
	c.SetNoDelay(true)
	c.SetKeepAliveConfig(net.KeepAliveConfig{
		Enable: true, Idle: keepAliveIdle, Interval: keepAliveInterval, Count: keepAliveCount,
	})
}
