#compdef stoker
# Completion of stoker for zsh. Once: eval "$(stoker completion zsh)". Always: save it as _stoker in a folder of your fpath.
_stoker() {
  local line
  local -a candidates
  while IFS= read -r line; do
    case $line in
      :files) _files ;;
      :folders) _files -/ ;;
      *) candidates+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}") ;;
    esac
  done < <(stoker __complete -- "${(@)words[2,CURRENT]}" 2>/dev/null)
  (( $#candidates )) && _describe stoker candidates
}
if [ "$funcstack[1]" = "_stoker" ]; then _stoker "$@"; else compdef _stoker stoker; fi
