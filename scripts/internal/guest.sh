# shellcheck shell=bash
# A guest of QEMU, all in software, with Debian's kernel and a static busybox, that does as its console says.

boot=300 # seconds; it takes twenty on an idle core
[ "$(uname -m)" = x86_64 ] || skip "the guest is for x86_64"
need qemu-system-x86_64 qemu-system-x86 cpio cpio socat socat
use debian
extracted linux-image-cloud-amd64
kernel_version=$version
vmlinuz=$(echo "$dir"/boot/vmlinuz-*)
drivers=$(echo "$dir"/lib/modules/*/kernel/drivers)
extracted busybox-static
mkdir -p "$T"/guest/{bin,proc,sys,dev,etc,run,var}
cp "$dir/bin/busybox" "$T/guest/bin/"

# boot_guest OPTION...: starts what is in $T/guest, with /init, and waits until that says READY. $guest is QEMU.
boot_guest() {
	chmod 755 "$T/guest/init"
	(cd "$T/guest" && find . | cpio -o -H newc --quiet | gzip -1) >"$T/initrd" || die "cannot pack the guest"
	mkfifo "$T/keys"
	exec 3<>"$T/keys"
	nice qemu-system-x86_64 -nodefaults -display none -no-reboot -accel tcg \
		-kernel "$vmlinuz" -initrd "$T/initrd" -append "console=ttyS0 quiet loglevel=1 panic=-1" \
		-serial stdio "$@" <"$T/keys" >>"$T/console" 2>"$T/qemu.log" &
	guest=$!
	later end "$guest"
	await "$boot" said READY && kill -0 "$guest" 2>/dev/null || { tail -n 20 "$T/console" "$T/qemu.log"; die "the guest did not come up in $boot s"; }
}
said() { grep -q "^$1" "$T/console" || ! kill -0 "$guest" 2>/dev/null; }
# ask_guest LINE: has it begin; said END: it is done.
ask_guest() { : >"$T/console"; echo "$1" >&3; }
guest_off() {
	echo off >&3
	await 30 eval '! kill -0 "$guest" 2>/dev/null' || die "the guest did not power off"
}
