export const shells = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof shells)[number];

/**
 * What a shell has to read to complete `sluice`: it asks the program itself, `sluice __complete -- <words>`, so nothing
 * in it grows old. The words go up to the cursor, the last one perhaps empty; a line of the answer is value, tab, text.
 */
export const completionScripts: Readonly<Record<Shell, string>> = {
  bash: String.raw`# Put this into ~/.bashrc:  source <(sluice completion bash)
_sluice() {
  local value rest
  COMPREPLY=()
  while IFS=$'\t' read -r value rest; do
    [ -n "$value" ] && COMPREPLY+=("$value")
  done < <(sluice __complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o default -F _sluice sluice
`.replaceAll('\\$', '$'),

  zsh: String.raw`#compdef sluice
# Put this into ~/.zshrc, after compinit:  source <(sluice completion zsh)
_sluice() {
  local line
  local -a found
  for line in "\${(@f)$(sluice __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
    [[ -n $line ]] && found+=("\${\${line%%$'\t'*}//:/\\:}:\${line#*$'\t'}")
  done
  if (( \${#found} )); then _describe -t sluice sluice found; else _files; fi
}
compdef _sluice sluice
`.replaceAll('\\$', '$'),

  fish: String.raw`# Put this into ~/.config/fish/completions/sluice.fish:  sluice completion fish
complete -c sluice -a '(sluice __complete -- (commandline -opc)[2..] (commandline -ct) 2>/dev/null)'
`,
};
