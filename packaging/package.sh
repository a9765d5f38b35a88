# Sourced by the scripts of the deb, rpm and apk packages.

prngd_say() { echo "prngd: $*"; }

# prngd_users creates the users and groups of sysusers.d, with whatever is here.
prngd_users() {
	if command -v systemd-sysusers >/dev/null; then
		systemd-sysusers prngd.conf && return
	fi
	for name in prngd-status prngd prngd-cmd; do
		prngd_has group "$name" || prngd_group "$name"
	done
	prngd_has passwd prngd || prngd_user prngd "Entropy daemon"
	prngd_has passwd prngd-cmd || prngd_user prngd-cmd "Commands of the entropy daemon"
	if command -v usermod >/dev/null; then
		usermod -a -G prngd-status prngd
	else
		addgroup prngd prngd-status
	fi
}

prngd_has() { grep -q "^$2:" "/etc/$1"; }

prngd_group() {
	if command -v groupadd >/dev/null; then
		groupadd --system "$1"
	else
		addgroup -S "$1"
	fi
}

prngd_user() {
	shell=/usr/sbin/nologin
	[ -e "$shell" ] || shell=/sbin/nologin
	if command -v useradd >/dev/null; then
		useradd --system --gid "$1" --home-dir / --no-create-home --shell "$shell" --comment "$2" "$1"
	else
		adduser -S -D -H -h / -s "$shell" -G "$1" -g "$2" "$1"
	fi
}

prngd_directories() {
	install -d -m 0700 -o prngd -g prngd /var/lib/prngd
	install -d -m 0755 -o prngd -g prngd /run/prngd
}

# prngd_setting DIRECTIVE prints the first word after it, of each line.
prngd_setting() {
	sed -n "s/^[[:blank:]]*$1[[:blank:]]\{1,\}\([^[:blank:]]*\).*/\1/p" "${PRNGD_CONF:-/etc/prngd.conf}" 2>/dev/null
}

prngd_systemd() { [ -d /run/systemd/system ]; }

# prngd_stop_timers ends those of exchange files, which the admin has made from the template.
prngd_stop_timers() { systemctl stop 'prngd-exchange@*.timer' || true; }

prngd_running() {
	if prngd_systemd; then
		systemctl is-active --quiet prngd.service
		return
	fi
	pid=
	[ -r /run/prngd.pid ] && read -r pid </run/prngd.pid
	[ -n "$pid" ] && kill -0 "$pid" 2>/dev/null
}

# prngd_upgrade makes a running daemon execute the new program. It never stops
# one: clients such as QEMU do not survive the end of their connection.
prngd_upgrade() {
	prngd_running || return 0
	status=$(prngd_setting status | tail -n 1)
	if PRNGD_STATUS=${status:-/run/prngd/status.sock} /usr/bin/egdquery upgrade; then
		prngd_say "the running daemon has been upgraded in place"
		return 0
	fi
	prngd_say "the running daemon could not be upgraded in place: the old one goes on serving."
	prngd_say "Restart it when its clients can lose their connections:"
	if prngd_systemd; then
		prngd_say "    systemctl restart prngd.service"
	elif [ -x /sbin/rc-service ]; then
		prngd_say "    rc-service prngd stop; rc-service prngd start"
	else
		prngd_say "    /etc/init.d/prngd cold-restart"
	fi
}

# prngd_warn_postfix is for a removal: without its source, Postfix has no TLS. The
# source may be our socket, or a file that we stir, which goes with the seed.
prngd_warn_postfix() {
	command -v postconf >/dev/null || return 0
	source=$(postconf -h tls_random_source 2>/dev/null) || return 0
	path=${source#*:}
	case $source in
	egd:*) printf '%s\n' /run/egd-pool /var/run/egd-pool && prngd_setting listen ;;
	*) prngd_setting exchange ;;
	esac | grep -qxF "$path" || return 0
	prngd_say "WARNING: Postfix takes its random bytes from $path and will offer no TLS without it."
	prngd_say "    postconf -e tls_random_source=dev:/dev/urandom; postfix reload"
}

prngd_apparmor() {
	[ -e /sys/module/apparmor/parameters/enabled ] || return 0
	command -v apparmor_parser >/dev/null || return 0
	apparmor_parser -r -T -W /etc/apparmor.d/usr.sbin.prngd || true
}
