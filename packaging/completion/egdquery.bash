# bash completion for egdquery(1)
# Made from the table of verbs by: go test ./cmd/egdquery -run TestGenerated -write

_egdquery() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
	COMPREPLY=()
	case $prev in
	--socket | -s | --status) mapfile -t COMPREPLY < <(compgen -f -- "$cur"); return ;;
	--count | --every | --listen | --timeout | -t | read | readb | write) return ;;
	exchange) mapfile -t COMPREPLY < <(compgen -W 'read stir' -- "$cur"); return ;;
	help) mapfile -t COMPREPLY < <(compgen -W 'get read readb write pid exchange status top health wait reseed save reload upgrade metrics serve help' -- "$cur"); return ;;
	stir) mapfile -t COMPREPLY < <(compgen -f -- "$cur"); return ;;
	esac
	case $cur in
	-*) mapfile -t COMPREPLY < <(compgen -W '--base64 --count --every --fresh --help --hex --json --listen --public --socket --status --timeout --version' -- "$cur") ;;
	*) mapfile -t COMPREPLY < <(compgen -W 'get read readb write pid exchange status top health wait reseed save reload upgrade metrics serve help' -- "$cur") ;;
	esac
}
complete -o filenames -F _egdquery egdquery
