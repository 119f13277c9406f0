/** Is what a text begins with a command? Its name, what follows it, and whether a separator stands before say how surely. */
import { type Add, HINT, SURE } from '../findings.ts'
import { commandOf, globs, PROBES, VERBS } from './names.ts'
import { undo } from './undo.ts'

/** From no command to surely one; LOOSE: its name is a word and what follows could be prose; ENDS: nothing follows. */
export const NONE = 0
export const LOOSE = 1
export const PERHAPS = 2
export const ENDS = 3
export const SURELY = 4

interface Parsed {
  /** As it was written, and without folder and extension. */
  readonly full: string
  readonly base: string
  readonly rest: string
  readonly path: boolean
  readonly braced: boolean
}

const LEAD =
  /^(?:[({!]\s*|[A-Za-z_]\w*=\S*\s+|(?:then|do|else|if|while|until|time|nohup|sudo|exec|env|command|builtin|eval|call|start|xargs|@)\s+)+/i
const WRAPPED = /^(sudo|nohup|exec|env|eval|command|builtin|export|source|call|start|\.)\s+(?=\S)/i
const NAME = /^(~[+-]?\/|\.{0,2}\/|[A-Za-z]:\\|\\\\|%\w+%\\)?([\w./\\?*[\]^!~+-]{1,200})/

const parse = (text: string): Parsed | undefined => {
  let rest = text.trimStart()
  // Braces as blanks: {cat,/etc/passwd}
  const brace = /^\{\s*([\w./-]+)((?:,[^,}]{0,200})+)\}?/.exec(rest)
  if (brace) rest = `${brace[1]} ${brace[2]!.slice(1).replaceAll(',', ' ')}`
  const wrapped = WRAPPED.exec(rest)
  const inner = rest.replace(LEAD, '')
  const full = NAME.exec(inner)?.[0]
  if (full === undefined) return undefined
  const base = full
    .split(/[/\\]/)
    .at(-1)!
    .toLowerCase()
    .replace(/\.(?:exe|com|bat|cmd|ps1)$/, '')
  if (wrapped && !commandOf(base)) {
    const word = wrapped[1]!
    return {
      full: word,
      base: word === '.' ? 'source' : word.toLowerCase(),
      rest: rest.slice(word.length),
      path: false,
      braced: false,
    }
  }
  return { full, base, rest: inner.slice(full.length), path: full.includes('/'), braced: brace !== null }
}

/** What only a command takes: options, paths, variables, redirections, addresses, names of files. */
const ARGUMENT =
  /^(?:\s+|\+|<|>|\d?>&?)\s*(?:-{1,2}[A-Za-z]|\/[A-Za-z?*]|\.{1,2}\/|~\/|\$[\w({]|["']?https?:|[\w-]*\*|>|<|[|;&`]|\/\?|[A-Za-z]:(?:\\|\s|$)|\d+\.\d+\.\d+\.\d+|\S+\.(?:txt|php|sh|py|pl|rb|js|ini|conf|cfg|log|exe|dll|bat|cmd|ps1|vbs|hta|passwd|html?|xml|json|bak|sql|tar|zip|gz|so|jar|key|pem)\b|%\w+%|["'])/
const OPTION = /^\s+(?:\/\S*\s+)?(?:-[a-zA-Z0-9]|--[a-z][\w-]+)(?:[\s=]|$)/
const LONG_OPTIONS = /^\s+-[a-zA-Z]{2,8}(?:[\s=]|$)/
const SWITCH = /^\s+(?:\S+\s+)?\/[a-z?](?::\S*)?(?:\s|$)/i
const STOP = /^\s*(?:$|[;|&`)#\n}"'<>]|\d?>|\\?$)/
const IN_SYSTEM = /^\/(?:usr\/|s?bin\/|etc\/|tmp\/|opt\/|dev\/|var\/)/
const BINARIES = /^(?:\/(?:usr\/)?(?:local\/)?s?bin\/|\/[\w?*]+\/)/
const SHORT_ARGUMENT =
  /^\s+(?:-{1,2}[a-z]|\.{0,2}\/[\w.]|\$[\w({]|https?:|\d+\.\d+\.\d+\.\d+|<|\S+\.(?:sh|php|py|pl|exe)\b)/i
/** Commands that run another one. */
const RUNS =
  /^(?:time|watch|start|timeout|at|batch|call|xargs|sudo|doas|nohup|env|nice|strace|busybox|toybox|exec|eval|setsid|stdbuf|unshare|nsenter|chroot|script|flock|find|command)$/

/** `after`: behind a separator or in a substitution; else the value begins with it. */
export const weigh = (text: string, after: boolean, add: Add): number => {
  const part = text.slice(0, 400)
  const undone = undo(part)
  const command = parse(undone.text)
  if (!command) return NONE
  const { full, base, rest, path } = command
  const kind = commandOf(base)
  const takes = ARGUMENT.test(rest)
  if (!kind) return unknown(command, after, takes, add)
  if (SWITCH.test(rest)) return SURELY
  if (OPTION.test(rest) || (kind === 'clear' && LONG_OPTIONS.test(rest)))
    return !after && kind === 'spoken' && /(?:\s\w+){3}/.test(rest) ? PERHAPS : SURELY
  const clear = kind === 'clear'
  if (undone.hidden && !text.replace(/^[\s'"(]+/, '').startsWith(full) && (clear || takes)) {
    add('hidden_command', SURE)
    return SURELY
  }
  if (command.braced && rest.trim() !== '' && (clear || takes)) {
    add('brace_command', SURE)
    return SURELY
  }
  if (clear || RUNS.test(base)) {
    const next = /^\s+(?:[\w./-]*\/)?([\w.-]{2,30})(?=\s|$)/.exec(rest)?.[1]
    if (next !== undefined && commandOf(next.toLowerCase()) === 'clear' && !after) return SURELY
  }
  const stops = STOP.test(rest)
  if (path && BINARIES.test(full)) return after || stops || takes ? SURELY : PERHAPS
  if (clear) {
    if (after) return stops || takes || /^\s+[\w"'$-]/.test(rest) ? SURELY : PERHAPS
    if (takes || /\.exe$/i.test(full) || (stops && PROBES.has(base))) return SURELY
    const file = /^\s+\S*[./\\:=]\S*(?:\s+\S+)?\s*$|^\s+[a-z]+\d\s*$/i.test(rest) && !/\.(?:\s|$)/.test(rest)
    return file ? SURELY : PERHAPS
  }
  // "salt & pepper": what stands behind the sign is asked for itself.
  if (!after && /^\s*[;|&]\s/.test(rest)) return NONE
  if (!after) return takes ? (SHORT_ARGUMENT.test(rest) ? SURELY : ENDS) : NONE
  if (takes) return SURELY
  if (/^(?:sleep\s+\d|echo\s+(?:\d|["'$`]|-))/i.test(base + rest)) return SURELY
  if ((base === 'echo' || base === 'print' || base === 'printf') && /^\s+\S/.test(rest)) return ENDS
  return stops ? ENDS : /^\s+\S/.test(rest) ? LOOSE : NONE
}

/** A name that no list has: by its place, its extension, PowerShell's verbs, or because it stands for several. */
const unknown = ({ full, base, rest, path }: Parsed, after: boolean, takes: boolean, add: Add): number => {
  if (/[?*[]/.test(full) && path && /^[\w?*[\]^!-]{2,}$/.test(base) && !full.includes('**')) {
    const named = /[a-z]/i.test(base) ? globs(base) : full.includes('?') && /^\/[\w?*[\]]/.test(full)
    if (named) {
      add('glob_command', SURE)
      return SURELY
    }
  }
  if (path && IN_SYSTEM.test(full) && after) return SURELY
  if (/^[a-z]+-[a-z]+$/.test(base) && VERBS.has(base.slice(0, base.indexOf('-'))) && /^[A-Za-z]+-[A-Z]/.test(full)) {
    add('powershell_cmdlet', !after && !takes && !/^\s+\S/.test(rest) ? HINT : SURE)
    return SURELY
  }
  if (/\.exe$/i.test(full)) return after || takes || /^\s+\S/.test(rest) ? SURELY : NONE
  return NONE
}
