# shellcheck shell=bash
# Sourced after lib.sh and daemon.sh by scripts that need a Postfix: one of our own,
# in $T, on a loopback port. It is started by
# `mail start` when tls_random has said where its entropy comes from.

need_linux
need_root "Postfix's master does"
need postfix postfix
need openssl openssl
chmod 755 "$T" # tlsmgr comes as user postfix

# A Postfix of our own: nothing of the machine's is read, written or started.
port=$(free_port) || exit 1
conf=$T/postfix log=$T/maillog
mkdir "$conf" "$T/queue" "$T/data"
chown postfix "$T/data"
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=prngd.invalid \
	-keyout "$conf/key.pem" -out "$conf/cert.pem" 2>"$T/openssl.log" || die "$(cat "$T/openssl.log")"
cat >"$conf/main.cf" <<END
compatibility_level = 3.4
queue_directory = $T/queue
data_directory = $T/data
maillog_file = $log
maillog_file_prefixes = $T
myhostname = prngd.invalid
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mydestination =
local_recipient_maps =
alias_maps =
alias_database =
smtpd_peername_lookup = no
smtpd_tls_security_level = may
smtpd_tls_loglevel = 1
smtpd_tls_cert_file = $conf/cert.pem
smtpd_tls_key_file = $conf/key.pem
END
# tls_random LINE...: how tlsmgr gets its entropy, as lines of main.cf.
tls_random() { printf '%s\n' "$@" >>"$conf/main.cf"; }
# max_use=2: every second handshake is made by a new smtpd, which asks tlsmgr for a seed.
cat >"$conf/master.cf" <<END
127.0.0.1:$port inet n - n - - smtpd -o max_use=2
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
anvil unix - - n - 1 anvil
proxymap unix - - n - - proxymap
postlog unix-dgram n - n - 1 postlogd
END
mail() { postfix -c "$conf" "$@" >>"$T/postfix.out" 2>&1; }
stop_mail() {
	[ -e "$T/queue/pid/master.pid" ] || return 0
	mail stop
	# `postfix stop` waits five seconds for master, and then kills it.
	await 5 eval '! mail status'
}
later stop_mail

# tlsmgr says some of its worst ("cannot read 32 bytes", "lost connection") without
# the word warning; a content one says nothing at all.
complaints() { grep -E 'postfix/tlsmgr\[|(warning|error|fatal|panic): ' "$log"; }
handshake() {
	printf 'QUIT\r\n' | timeout 20 openssl s_client -starttls smtp -connect "127.0.0.1:$port" -quiet -ign_eof \
		>"$T/session" 2>&1 && grep -q '^221 ' "$T/session"
}
