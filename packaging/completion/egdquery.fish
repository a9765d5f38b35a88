# fish completion for egdquery(1)

complete -c egdquery -s s -l socket -r -d 'Ask the daemon at ADDRESS'
complete -c egdquery -s t -l timeout -x -d 'Wait at most this long'
complete -c egdquery -l status -r -d 'Ask the control socket at PATH'
complete -c egdquery -l hex -d 'Print bytes in hexadecimal'
complete -c egdquery -l base64 -d 'Print bytes in base64'
complete -c egdquery -l json -d 'Print the status as data'
complete -c egdquery -l every -x -d 'Time between two looks of top'
complete -c egdquery -l count -x -d 'How many looks top takes'
complete -c egdquery -l listen -x -d 'Where serve listens'
complete -c egdquery -l public -d 'Let serve be reached by other hosts'
complete -c egdquery -l help -d 'Print verbs and options'
complete -c egdquery -n __fish_use_subcommand -f -a 'get read readb write pid status health wait top reseed save reload upgrade exchange metrics serve' -d Verb
complete -c egdquery -n '__fish_seen_subcommand_from exchange' -a 'read stir'
