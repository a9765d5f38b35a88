# shellcheck shell=bash
# A Postfix of our own, in $T, on a loopback port: nothing of the machine's is read, written or started. `start_mail`
# starts it when tls_random has said where its entropy comes from.

need_root "Postfix's master does"
need postfix postfix openssl openssl
use daemon recipe
chmod 755 "$T" # tlsmgr comes as user postfix

port=$(free_port) || exit 1
conf=$T/postfix log=$T/maillog
mkdir "$conf" "$T/queue" "$T/data"
chown postfix "$T/data"
certificate prngd.invalid
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
smtpd_tls_cert_file = $T/cert.pem
smtpd_tls_key_file = $T/key.pem
notify_classes =
END
# tls_random LINE...: how tlsmgr gets its entropy, as lines of main.cf.
tls_random() { printf '%s\n' "$@" >>"$conf/main.cf"; }
# services SMTPD TLSMGR: the options of two of them.
services() {
	cat >"$conf/master.cf" <<-END
		127.0.0.1:$port inet n - n - - smtpd $1
		smtp unix - - n - - smtp -o max_use=1
		tlsmgr unix - - n 1000? 1 tlsmgr $2
		pickup unix n - n 1 1 pickup
		cleanup unix n - n - 0 cleanup
		qmgr unix n - n 300 1 qmgr
		rewrite unix - - n - - trivial-rewrite
		proxymap unix - - n - - proxymap
		anvil unix - - n - 1 anvil
		postlog unix-dgram n - n - 1 postlogd
		showq unix n - n - - showq
	END
	printf '%s unix - - n - 0 bounce\n' bounce defer trace >>"$conf/master.cf"
	printf '%s unix - - n - - error\n' error retry >>"$conf/master.cf"
}
services '-o max_use=2' '' # every second handshake is made by a new smtpd, which asks tlsmgr for a seed
mail() { postfix -c "$conf" "$@" >>"$T/postfix.out" 2>&1; }
start_mail() { mail start || die "Postfix did not start: $(cat "$T/postfix.out" "$log")"; }
stop_mail() {
	[ -e "$T/queue/pid/master.pid" ] || return 0
	mail stop
	# `postfix stop` waits five seconds for master, and then kills it.
	await 5 eval '! mail status'
}
later stop_mail

# complaints: of Postfix, in its log; there must be none at uncomplaining. tlsmgr says some of its worst ("cannot read 32 bytes",
# "lost connection") without the word warning; a content one says nothing at all.
complaints() { grep -E 'postfix/tlsmgr\[|(warning|error|fatal|panic): ' "$log"; }
uncomplaining() { ! complaints >"$T/complaints" || die "${1:-}$(tail -n 20 "$T/complaints")"; }
