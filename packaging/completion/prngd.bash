# bash completion for prngd(8)

_prngd() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
	COMPREPLY=()
	case $prev in
	-c | --cmdfile | -s | --seedfile | -p | --pidfile)
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		return
		;;
	-m | --mode) mapfile -t COMPREPLY < <(compgen -W '0600 0660 0666 0777' -- "$cur"); return ;;
	--sample)
		mapfile -t COMPREPLY < <(compgen -W 'kernel jitter cpu mem swap disk net load host process processes' -- "$cur")
		return
		;;
	--log-level) mapfile -t COMPREPLY < <(compgen -W 'error warn info debug' -- "$cur"); return ;;
	--log-format) mapfile -t COMPREPLY < <(compgen -W 'text json' -- "$cur"); return ;;
	--count | --ready-fd) return ;;
	esac
	case $cur in
	-*)
		mapfile -t COMPREPLY < <(compgen -W '--fg --debug --cmdfile --seedfile --no-seedfile --pidfile --mode
			--kill --version --check-config --sample --count --log-level --log-format
			--ready-fd --help' -- "$cur")
		;;
	t*) mapfile -t COMPREPLY < <(compgen -W 'tcp/localhost\:708' -- "$cur") ;;
	*) mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
	esac
}
complete -o filenames -F _prngd prngd
