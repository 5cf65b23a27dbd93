# Completion of stoker for bash. Once: eval "$(stoker completion bash)". Always: put that line into ~/.bashrc.
_stoker() {
  local current=${COMP_WORDS[COMP_CWORD]} candidate IFS=$'\n'
  COMPREPLY=()
  for candidate in $(stoker __complete -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null); do
    case $candidate in
      :files) compopt -o filenames; COMPREPLY+=($(compgen -f -- "$current")) ;;
      :folders) compopt -o filenames; COMPREPLY+=($(compgen -d -- "$current")) ;;
      *) COMPREPLY+=("${candidate%%$'\t'*}") ;;
    esac
  done
}
complete -F _stoker stoker
