/** Shell scripts that hand the command line to `__complete` and its answer to the shell. */

export const shells = ['kubectl', 'bash', 'zsh', 'fish', 'powershell'] as const;
export type Shell = (typeof shells)[number];

/** kubectl runs this itself, with the arguments and the word being completed. On Windows it is a .cmd file. */
export const kubectlScript = (program: string, isWindows = false): string =>
  isWindows ? `@${program} __complete %*\r\n` : `#!/bin/sh\nexec ${program} __complete "$@"\n`;

const kubectl = (program: string) => kubectlScript(program);

/** COMP_WORDBREAKS splits at = and :, so what bash took for words of its own is cut off the candidates. */
const bash = (program: string, id: string) => `_${id}() {
    local line=\${COMP_LINE:0:COMP_POINT} words answer directive candidate prefix
    read -ra words <<< "$line"
    [[ $line == *[[:space:]] ]] && words+=('')
    local word=\${words[-1]}
    answer=$(${program} __complete "\${words[@]:1}" 2>/dev/null) || return
    directive=\${answer##*:}
    prefix=''
    [[ $word == *[=:]* ]] && prefix=\${word%"\${word##*[=:]}"}
    COMPREPLY=()
    while IFS=$'\\t' read -r candidate _; do
        [[ $candidate == :* || -z $candidate ]] || COMPREPLY+=("\${candidate#"$prefix"}")
    done <<< "$answer"
    (( directive & 2 )) && compopt -o nospace
}
complete -F _${id} ${program}
`;

const zsh = (program: string, id: string) => `#compdef ${program}
_${id}() {
    local -a lines plain described
    local line directive=0
    lines=("\${(@f)$(${program} __complete "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
    for line in $lines; do
        if [[ $line == :<-> ]]; then directive=\${line#:}
        elif [[ $line == *$'\\t'* ]]; then described+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}")
        else plain+=("$line"); fi
    done
    local -a options
    (( directive & 2 )) && options=(-S '')
    (( $#described )) && _describe -t values value described $options
    (( $#plain )) && compadd $options -- $plain
}
if [[ $funcstack[1] == _${id} ]]; then _${id}; else compdef _${id} ${program}; fi
`;

const fish = (program: string, id: string) => `function __${id}
    set -l words (commandline -opc) (commandline -ct)
    ${program} __complete $words[2..-1] 2>/dev/null | string match -rv '^:\\d+$'
end
complete -c ${program} -f -a '(__${id})'
`;

/** Before version 7.3 PowerShell leaves out a program's empty argument, unless it is quoted once more. */
const powershell = (
  program: string,
) => `Register-ArgumentCompleter -Native -CommandName '${program}' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $words = @($commandAst.CommandElements | Select-Object -Skip 1 | ForEach-Object { $_.Extent.Text })
    if ($wordToComplete -eq '') { $words += if ($PSVersionTable.PSVersion -ge [version]'7.3') { '' } else { '""' } }
    & '${program}' __complete @words 2>$null | Where-Object { $_ -notmatch '^:\\d+$' } | ForEach-Object {
        $value, $description = $_ -split "\`t", 2
        if (-not $description) { $description = $value }
        [System.Management.Automation.CompletionResult]::new($value, $value, 'ParameterValue', $description)
    }
}
`;

/** The script for one shell; `program` is the executable's name, e.g. `kubectl-x8sync`. */
export function completionScript(shell: Shell, program: string): string {
  const id = program.replaceAll('-', '_');
  return { kubectl, bash, zsh, fish, powershell }[shell](program, id);
}
