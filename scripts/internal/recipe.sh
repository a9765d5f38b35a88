# shellcheck shell=bash
# Clients are configured as docs/recipes shows, word for word but for the path of the socket.

# block NAME LANGUAGE [N]: the N-th block (1) in that language of docs/recipes/NAME.md.
block() {
	awk -v open="\`\`\`$2" -v nth="${3:-1}" '
		$0 == open { inside = ++n == nth; next }
		/^```$/ { inside = 0 }
		inside { print; found = 1 }
		END { exit !found }' "docs/recipes/$1.md" || die "docs/recipes/$1.md has no block ${3:-1} in $2"
}
# recipe NAME LANGUAGE [N]: the same; where it says /run/egd-pool, the relay's $T/egd-pool is meant.
recipe() {
	local text
	text=$(block "$@") || exit 1
	echo "${text//\/run\/egd-pool/$T/egd-pool}"
}
# configured NAME: the options that docs/recipes/NAME.md gives to configure.
configured() {
	local text
	text=$(block "$1" configure) || exit 1
	echo "${text#* }"
}

# "${own_run[@]}" COMMAND...: COMMAND sees $T/run as /run, for clients that look at fixed places only.
own=(unshare -m)
is_root || own=(unshare -rm)
own_run=("${own[@]}" sh -c 'mount --bind "$0" /run && exec "$@"' "$T/run")
mkdir "$T/run"
may_own_run() { "${own_run[@]}" true 2>/dev/null; }

# A certificate for NAME in $T/cert.pem, its key in $T/key.pem.
certificate() {
	(umask 077 && openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=$1" -addext "subjectAltName=DNS:$1" \
		-keyout "$T/key.pem" -out "$T/cert.pem" 2>"$T/openssl.log") || die "$(cat "$T/openssl.log")"
}
# handshake: by STARTTLS with the mail server at $port.
handshake() {
	printf 'QUIT\r\n' | timeout 20 openssl s_client -starttls smtp -connect "127.0.0.1:$port" -quiet -ign_eof \
		>"$T/session" 2>&1 && grep -q '^221 ' "$T/session"
}
