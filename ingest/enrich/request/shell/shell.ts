/** Shell of Unix and Windows: cut at separators and substitutions, then look for commands; and what only a shell expands. */
import { LONGEST } from '../bounds.ts'
import { type Add, HINT, type Place, SURE } from '../findings.ts'
import { ENDS, LOOSE, NONE, PERHAPS, SURELY, weigh } from './command.ts'
import { commandOf, PROBES, RUNNERS, VARIABLES } from './names.ts'
import { windows } from './windows.ts'

/** A parameter that is named for running something, and a command in it; or a value that asks what machine it is. */
export const commandParameter = (name: string, value: string, add: Add): void => {
  if (PROBES.has(value) && value.length > 4 && value !== 'hostname') add('command_word', SURE)
  if (!RUNNERS.has(name.toLowerCase())) return
  const word = /^\s*([\w.-]{2,20})(?:\s|$|[;|&])/
    .exec(value)?.[1]
    ?.toLowerCase()
    .replace(/\.exe$/, '')
  const kind = word === undefined ? undefined : commandOf(word)
  const vague =
    /^(?:ping|host|ip|process|run|system|func?|console|function|target|arg|args|option|read|mode|step|code|ps|proc|tracert)$/i.test(
      name,
    )
  if (kind) add('command_parameter', vague && kind === 'spoken' ? HINT : SURE)
}

/** Whether the first of several words is a command. */
export const startsCommand = (text: string): boolean => {
  const space = text.indexOf(' ')
  return space > 0 && commandOf(text.slice(0, space).toLowerCase()) !== undefined
}

const SEPARATOR = /(\|\||&&|[;|&\n\r]|`|\$\(|[<>]\()\s*/g
const SEPARATORS = 60

const separated = (value: string, place: Place, add: Add): void => {
  SEPARATOR.lastIndex = 0
  let found = SEPARATOR.exec(value)
  for (let n = 0; found && n < SEPARATORS; n++, found = SEPARATOR.exec(value)) {
    const sign = found[1]!
    const end = found.index + found[0].length
    // A browser's name holds semicolons.
    if (place === 'user_agent' && sign === ';' && !/^\s*(?:\/|\w+\s+[-/])/.test(value.slice(end, end + 40))) continue
    const weight = weigh(value.slice(end, end + 400), true, add)
    if (weight === NONE) continue
    const before = value.slice(Math.max(0, found.index - 80), found.index)
    const first = found.index === 0
    if (weight >= PERHAPS && sign === '`' && /^\s*`[^`]{1,200}`/.test(value)) add('substitution', SURE)
    else if (weight <= PERHAPS && first && sign !== '`')
      add('separator_command', weight === LOOSE && sign === '&' ? HINT : SURE)
    else if (weight === LOOSE) continue
    else {
      const substitutes = sign === '`' || sign.endsWith('(')
      const name = substitutes ? 'substitution' : 'separator_command'
      const strong = sign === '||' || sign === '&&' || sign === '\n' || sign === '\r'
      if (weight >= SURELY) {
        const behind = value.slice(end, end + 80)
        const prose =
          !substitutes &&
          /[a-z]{2,} +[a-z]{2,} +[a-z]{2,}/i.test(before) &&
          !/^\s*\S+\s+(?:-{1,2}[a-z]|\.{0,2}\/|\$|https?:|["'`])|^\s*\S+\s*(?:$|[;|&])/i.test(behind)
        add(name, prose ? HINT : SURE)
      } else if (weight === ENDS && substitutes) {
        add(
          name,
          sign === '`' && !/^`\s*(?:id|who|dir|set|ver|date|w)\s*`/i.test(value.slice(found.index, found.index + 20))
            ? HINT
            : SURE,
        )
      } else if (weight === ENDS) {
        const hard = strong || found.index <= 1 || /[\s"')\d]$/.test(before) || /^\s/.test(found[0].slice(sign.length))
        add(name, hard && (strong || found.index <= 1 || !/[a-z]\s*$/i.test(before)) ? SURE : HINT)
      } else add(name, substitutes ? SURE : HINT)
    }
  }
}

/** c{a,oun}t, {l,-lh}s, {,ifconfig}: what the shell makes of braces. */
const braced = (value: string): boolean => {
  const found = /(?:^|[\s;|&`(=])([\w./-]{0,20})\{([^{}\s"':]{0,80},[^{}\s"':]{0,80})\}([\w./-]{0,20})/.exec(value)
  if (!found) return false
  const [head, middle, tail] = [found[1]!, found[2]!, found[3]!]
  const parts = middle.split(',')
  const empty = parts.includes('')
  const joined = head !== '' || tail !== ''
  return parts.some((part, n) => {
    const name = (head + part + tail).split('/').at(-1)!.toLowerCase()
    const kind = name === '' ? undefined : commandOf(name)
    return (kind === 'clear' && (joined || empty || n === 0)) || (kind !== undefined && (empty || joined))
  })
}

const PARAMETER_EXPANSION = /\$\{\w+(?::[-=?+]?|[#%^,@]{1,2}|\/\/?)[^}]{0,60}\}|\$\{[!#]\w*[@*]?\}|\$\[[^\]]{1,60}\]/
const SCRIPT =
  /\bwhile\s+(?:\[|true|:|!|read|\(\()|\buntil\s+(?:\[|false|!|\(\()|\bfor\s+\w+\s+in\s+[^;]{1,80};\s*do\b|\bif\s+\[+\s|;\s*(?:then|do)\s+\S[^;]{0,200};\s*(?:done|fi)\b|;\s*(?:done|fi|esac)\s*(?:$|;)|\bcase\s+\S+\s+in\s+\S+\)/
/** What a shell expands before any command is there. */
const expansions = (value: string, add: Add): void => {
  if (value.includes('$')) {
    if (/\$\{?IFS\b/.test(value)) add('blank_by_variable', SURE)
    if (/\$\(\([^)]{1,80}\)\)/.test(value)) add('arithmetic', SURE)
    if (PARAMETER_EXPANSION.test(value) && !/\$\{\w+:\w+\}$/.test(value))
      add('expansion', /\$\{[a-z]+:[^}]/i.test(value) && !/\$\{\w+:\d+:?\d*\}|\$\{\w+:[-=?+]/.test(value) ? HINT : SURE)
    if (/\$'(?:\\[x0-7u]|[^'\\]*\\x)/.test(value)) add('ansi_quoting', SURE)
    const variable = /\$\{?([A-Z][A-Z0-9_]{1,30})\}?/.exec(value)?.[1]
    if (variable && VARIABLES.has(variable.toLowerCase())) add('environment_variable', SURE)
    if (/\$(?:[?$!#@*0-9-]|\{[?$!#@*0-9-]\})(?:$|[\s;|&`/'")])/.test(value) && /[;|&`<>]|\$\(/.test(value))
      add('special_parameter', HINT)
  }
  // /b[^x]n/c[!b]t, [^a]: a class, negated or not, in a path.
  if (
    /\/[\w?*-]*\[[!^][^\]/]{1,20}\][\w?*-]*|\/[\w?*]*\[\w[^\]/]{0,20}\][\w?*]*\/|[\w]\[[!^][^\]]{1,20}\]\w/.test(
      value,
    ) &&
    !/https?:/.test(value)
  )
    add('glob_path', SURE)
  if (
    /(?:^|[\s;|&=`(])(?:\/[\w?*[\]-]*[?*[][\w?*[\]-]*)+\/[\w?*[\]-]*/.test(value) &&
    /\?{2,}|\[\w|\/\?|\w\?\w/.test(value) &&
    !/https?:/.test(value)
  )
    add('glob_path', SURE)
  if (
    /\b(?:alias|unalias)\s+(?:-\w\s+)?[\w.!-]{1,30}(?:=['"\w$/]|\s*$)/.test(value) &&
    /alias\s+\S+=|[;&|]\s*(?:un)?alias/.test(value)
  )
    add('alias', SURE)
  if (value.includes('{') && braced(value)) add('brace_command', SURE)
  if (/(?:^|[\s;|&`(])\{[\w.-]{1,10}\.\.[\w.-]{1,10}(?:\.\.\d+)?\}/.test(value)) add('brace_sequence', HINT)
  if (/(?:^|[\s;|&`(=])~[+-]?\d*(?:\/|$|[\s;|&])/.test(value) && /~[+-]|~\d|~\//.test(value))
    add('tilde', /~[+-](?:\d|\/|$)|~\d{1,2}\//.test(value) ? SURE : HINT)
  if (
    /^\s*(?:function\s+)?[\w:.-]{0,30}\s*\(\s*\)\s*\{/.test(value) &&
    /^[^{]*\{[^}]{0,200}(?:;\s*\}|\})\s*(?:[;&|]|$)|^[^{]*\{\s*:/.test(value)
  ) {
    const nameless = /^\s*\(\s*\)/.test(value)
    add(nameless ? 'shellshock' : 'function_definition', SURE)
  } else if (/\w\s*\(\s*\)\s*\{[^}]{0,80};\s*\}/.test(value))
    add('function_definition', /[;&|]\s*\w+\s*(?:$|[;&|])/.test(value.slice(value.indexOf('}'))) ? SURE : HINT)
}

/** Two of the shortest commands, one behind the other: "ls; id". */
const PAIR =
  /^\s*(?:ls|id|cat|ps|pwd|who|whoami|w|df|du|env|ver|dir|ping|nc|rm|uname)\s*(?:[;|&]|\|\||&&)\s*(?:ls|id|cat|ps|pwd|who|whoami|w|df|du|env|ver|dir|ping|nc|rm|uname)\s*[;|&#]?\s*$/
export const shell = (text: string, place: Place, add: Add): void => {
  const value = text.length > LONGEST ? text.slice(0, LONGEST) : text
  if (
    place === 'user_agent' &&
    !/[`|$]|&&|\(\)|\/bin\/|\/etc\/|[;\n]\s*(?:\w+\s+[-/]|\/)|^(?!Mozilla)[a-z/.]+\s+[-/|"'h]/.test(value)
  )
    return
  const special = /[;|&`$<>\n\r{}\\'"?*^%~!/[]/.test(value)
  if (place === 'query' || place === 'referrer' || (place === 'user_agent' && !/^Mozilla/.test(value))) {
    const weight = special || /\s/.test(value) || commandOf(value) === 'clear' ? weigh(value, false, add) : NONE
    if (weight >= SURELY) add('command_line', SURE)
    else if (weight === ENDS)
      add('command_line', /[;|`]|\$\(|[<>]\s*[/&]|\/(?:etc|bin|tmp|dev|proc|var|usr)\//.test(value) ? SURE : HINT)
    else if (weight !== NONE) add('command_word', HINT)
  }
  if (
    /^\s*\.(?:shell|system|load|output|import|open|read|backup|dump|once|excel|archive|databases|tables|schema|log|save|restore|clone|cd|sha3sum|fullschema)\b(?:\s+\S|\s*$)/i.test(
      value,
    )
  )
    add('sqlite_command', SURE)
  if (value.length < 40 && /^\s*!(?:!|-?\d+|\w+:\S)\s*/.test(value)) add('history', SURE)
  if (special && PAIR.test(value)) add('separator_command', SURE)
  if (SCRIPT.test(value)) add('shell_script', SURE)
  windows(value, add)
  if (!special) return
  if (/[;|&`$\n\r<>]/.test(value)) separated(value, place, add)
  expansions(value, add)
  if (
    /(?:^|\s|\d)(?:>>?|<)\s*(?:\/(?:dev|tmp|etc|var|proc|home|root|usr)\/|&\d)|\d>\s*&\d|>&\s*\d|\/dev\/(?:tcp|udp|null|fd)\b|<<<|<<-?\s*['"]?EOF|[<>]\([a-z/]/i.test(
      value,
    )
  )
    add('redirection', SURE)
}
