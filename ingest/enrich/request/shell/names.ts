/** Commands by their names. */
import { anyOf, DATA, listOf, setOf } from '../data.ts'

const CLEAR = setOf(DATA.commands.clear)
const SPOKEN = setOf(DATA.commands.spoken)
/** Languages with their versions: python3.11, php8.2. */
const VERSIONED = /^(?:python|perl|php|ruby|lua|node|gcc|java|pip|tclsh|guile|erl|pypy)[\d.]+$/

/** spoken: people write it too (English words, Vietnamese syllables); clear: they do not. */
export type Command = 'clear' | 'spoken' | undefined
export const commandOf = (name: string): Command =>
  SPOKEN.has(name) ? 'spoken' : CLEAR.has(name) || VERSIONED.test(name) ? 'clear' : undefined

/** Which say at once what machine it is: they are asked alone, too. */
export const PROBES: ReadonlySet<string> = new Set(
  'whoami ifconfig ipconfig netstat uname systeminfo tasklist printenv lsb_release pwd hostname nslookup qwinsta quser driverquery getmac hostnamectl lscpu lsblk tracert nbtstat net1 wmic netsh'.split(
    ' ',
  ),
)
export const VARIABLES = setOf(DATA.commands.variables)
export const VERBS = setOf(DATA.commands.verbs)
export const RUNNERS = setOf(DATA.commands.run)
export const WINDOWS_VARIABLE = new RegExp(
  `%(?:${anyOf(listOf(DATA.commands.windowsVariables))})(?::[^%\\s]{1,40})?%|!(?:${anyOf(listOf(DATA.commands.windowsVariables))})(?::[^!\\s]{1,40})?!`,
  'i',
)
export const ALIASES = new RegExp(
  `(?:^|[\\s;|&({])(?:${anyOf(listOf(DATA.commands.aliases))})\\s*(?=[($'"\\[]|-\\w|https?:)`,
  'i',
)

const GLOBBED = [
  ...CLEAR,
  'cat',
  'id',
  'ls',
  'nc',
  'sh',
  'ip',
  'php',
  'python',
  'perl',
  'ruby',
  'curl',
  'wget',
  'vi',
  'cut',
  'head',
  'tail',
  'more',
  'less',
  'dir',
  'type',
  'ping',
]
const byLength = new Map<number, string[]>()
for (const name of GLOBBED) {
  const same = byLength.get(name.length)
  if (same) same.push(name)
  else byLength.set(name.length, [name])
}
const LONGEST_GLOB = 24
/** Whether a word with ?, * and […] could be the name of a command. */
export const globs = (word: string): boolean => {
  if (word.length > LONGEST_GLOB * 3) return false
  const pattern = word.replace(/\[[!^]?[^\]]+\]|\?|\*+|[.+^${}()|\\[\]]/g, (part) =>
    (part.startsWith('[') && part.length > 1) || part === '?' ? '.' : part.startsWith('*') ? '.{0,24}' : `\\${part}`,
  )
  const expression = new RegExp(`^${pattern}$`)
  if (word.includes('*')) return GLOBBED.some((name) => expression.test(name))
  const length = word.replace(/\[[!^]?[^\]]+\]/g, '.').length
  return (byLength.get(length) ?? []).some((name) => expression.test(name))
}
