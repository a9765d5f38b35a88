# shellcheck shell=bash
# Faults planted in contrib's programs, each of which must be seen by its test.

# plant DIR SOURCE FAULT VARIABLE TEST CHECK...: says in DIR/wrong why the fault, a sed command, is not seen by that test of the
# copy of SOURCE that $VARIABLE names. CHECK... takes the copy: it is a program still. Where it hangs, it is waited for.
plant() {
	mkdir "$1" && sed "$3" "$2" >"$1/${2##*/}" || return
	if cmp -s "$1/${2##*/}" "$2"; then
		echo "this makes no fault: $3"
	elif ! "${@:6}" "$1/${2##*/}" >"$1/out" 2>&1; then
		echo "$3: $(cat "$1/out")"
	elif (cd contrib && env "$4=$1/${2##*/}" CONTRIB_PATIENCE=10s "$T/contrib.test" -test.timeout 0 -test.run "$5" >"$1/out" 2>&1); then
		echo "the test $5 does not notice: $3"
	elif ! grep -q -- "--- FAIL: $5" "$1/out"; then
		echo "$3: $(cat "$1/out")"
	fi >"$1/wrong"
}
# planted SOURCE VARIABLE PREFIX CHECK...: all the faults on standard input, a line each: TEST|FAULT. The test is PREFIX/TEST, or PREFIX. Some
# at a time, since most wait. $faults is how many there are.
planted() {
	local test fault
	go test -c -o "$T/contrib.test" ./contrib || exit 1
	faults=0
	while IFS='|' read -r test fault; do
		faults=$((faults + 1))
		plant "$T/fault$faults" "$1" "$fault" "$2" "$3${test:+/$test}" "${@:4}" &
		[ $faults -lt 12 ] || wait -n
	done
	wait
	[ "$(find "$T"/fault* -name wrong -empty | wc -l)" = $faults ] || die "$(cat "$T"/fault*/wrong)"
}
