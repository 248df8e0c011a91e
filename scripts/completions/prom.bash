# Completion of all prom-* tools for bash: the tools know their own options, so
# this only asks them.  Installed once, with a link for each tool.
#
#   source scripts/completions/prom.bash

# Splits the line up to the cursor into words, quotes kept.
_prom_words() {
  local line=$1 i c quote='' word='' started=
  prom_words=()
  for ((i = 0; i < ${#line}; i++)); do
    c=${line:i:1}
    if [[ -n $quote ]]; then
      word+=$c
      [[ $c == "$quote" ]] && quote=
    elif [[ $c == [[:space:]] ]]; then
      [[ -n $started ]] && prom_words+=("$word")
      word='' started=
    else
      [[ $c == [\'\"] ]] && quote=$c
      if [[ $c == \\ ]]; then
        word+=$c
        i=$((i + 1))
        c=${line:i:1}
      fi
      word+=$c started=1
    fi
  done
  prom_words+=("$word")
}

_prom() {
  local prom_words line=${COMP_LINE:0:COMP_POINT} current text
  _prom_words "$line"
  current=${prom_words[-1]}
  # What readline takes for the word: behind an open quote, or behind the last
  # of its word breaks.
  local head='' bare=$current
  case $bare in
    \'*|\"*) bare=${bare:1} ;;
    *)
      local tail=${COMP_WORDS[COMP_CWORD]}
      [[ $tail == [=:] ]] && tail=
      head=${current%"$tail"} ;;
  esac
  COMPREPLY=()
  compopt +o nospace +o filenames 2>/dev/null
  while IFS= read -r text; do
    text=${text%%$'\t'*}
    case $text in
      :files) compopt -o filenames
        mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen -f -- "$bare") ;;
      :directories) compopt -o filenames
        mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen -d -- "$bare") ;;
      *) COMPREPLY+=("${text#"$head"}")
        # An expression goes on behind a name.
        [[ $text == --* || $text != *[!a-z-]* ]] || compopt -o nospace ;;
    esac
  done < <("$1" --complete "${prom_words[@]:1}" 2>/dev/null </dev/null)
}

complete -F _prom prom-export prom-discover prom-scrape prom-store prom-query \
  prom-rules prom-alert prom-web prom-forward
