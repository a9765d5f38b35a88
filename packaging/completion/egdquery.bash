# bash completion for egdquery(1)

_egdquery() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
	COMPREPLY=()
	case $prev in
	-s | --socket | --status) mapfile -t COMPREPLY < <(compgen -f -- "$cur"); return ;;
	-t | --timeout | --every | --count | --listen | read | readb | write) return ;;
	exchange) mapfile -t COMPREPLY < <(compgen -W 'read stir' -- "$cur"); return ;;
	stir) mapfile -t COMPREPLY < <(compgen -f -- "$cur"); return ;;
	esac
	case $cur in
	-*)
		mapfile -t COMPREPLY < <(compgen -W '--socket --timeout --status --hex --base64 --json --every --count
			--listen --public --help' -- "$cur")
		;;
	*)
		mapfile -t COMPREPLY < <(compgen -W 'get read readb write pid status health wait top reseed save reload upgrade
			exchange metrics serve' -- "$cur")
		;;
	esac
}
complete -o filenames -F _egdquery egdquery
