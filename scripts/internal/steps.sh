# shellcheck shell=bash
# The blocks of commands in a page of docs/recipes, as they stand, with what they must print.

# steps NAME DIR [KIND...]: writes them as NN.sh and NN.output; $steps is how many there are. A block of another kind than
# sh is a step only if it is among these, and its output with it.
steps() {
	mkdir -p "$2" || exit 1
	awk -v dir="$2" -v kinds=" sh ${*:3} " '
		/^```[a-z0-9]+$/ {
			kind = substr($0, 4)
			if (kind != "output") n += step = index(kinds, " " kind " ") > 0
			file = step ? sprintf("%s/%02d.%s", dir, n, kind == "output" ? kind : "sh") : ""
			next
		}
		/^```/ { file = ""; next }
		file { print >file }
	' "docs/recipes/$1.md"
	# shellcheck disable=SC2034 # the caller reads it
	steps=$(find "$2" -name '*.sh' | wc -l)
}

# as_said SAID PATTERNS: * is anything in a line, and alone on its line any number of lines.
as_said() {
	local said want
	said=$(sed '$a\' "$1" && echo .)
	want=$(sed '/^\*$/{s//([^\x01]*\x01)*/;b}; s/[][().?+^$|{}\\]/\\&/g; s/\*/[^\x01]*/g; s/$/\x01/' "$2" | tr -d '\n')
	[[ ${said%.} =~ ^${want//$'\x01'/$'\n'}$ ]] || { diff "$2" "$1"; return 1; }
}
printf 'a\nb 1\nc\n' >"$T/got"
for wrong in $'a\nb 2\nc' $'a\n*\nd' $'a\nb *' $'a\n*\nc\nd' $'a\nb *\nc\nd'; do
	as_said "$T/got" <(echo "$wrong") >"$T/differs" && die "this is taken for what was said: $wrong"
done
for right in $'a\n*\nc' $'a\n*'; do
	as_said "$T/got" <(echo "$right") || die "^ but it is what was said"
done

# compare DIR STATUS LOG: each step was reached and printed what the page shows; STATUS is that of all.
compare() {
	local step said want
	for step in "$1"/*.sh; do
		said=${step%.sh}.said want=${step%.sh}.output
		[ -e "$said" ] || die "not reached, exit $2: $(cat "$step" "$3")"
		[ -e "$want" ] || : >"$want"
		as_said "$said" "$want" >"$T/differs" ||
			die "$(printf '%s\n' "$(cat "$step")" "$(cat "$T/differs")" "exit $2, all of it:" "$(cat "$said" "${step%.sh}.err" "$3")")"
	done
	[ "$2" = 0 ] || die "exit $2: $(cat "$3" "$1"/*.err)"
}
