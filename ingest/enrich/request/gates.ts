/**
 * Which analysers a decoded text needs: by its signs, and where it has none of theirs by its words. A gate is only cheaper than
 * its analyser: whatever that would find, it finds behind the gate (`tests/ingest/enrich/request/gates.test.ts`).
 */
import { DATA, listOf, setOf } from './data.ts'
import * as S from './signs.ts'
import { commandOf } from './shell/names.ts'

export const SQL = 1
export const SHELL = 2
export const HTML = 4
export const SCRIPT = 8
export const CODE = 16
export const INJECTION = 32
export const ALL = 63

const SQL_SIGNS =
  S.QUOTE |
  S.TICK |
  S.ROUND |
  S.SEMICOLON |
  S.PIPE |
  S.AMPERSAND |
  S.HASH |
  S.AT |
  S.EQUAL |
  S.ANGLE |
  S.SQUARE |
  S.CURLY |
  S.CONTROL
const SHELL_SIGNS =
  S.SEMICOLON |
  S.PIPE |
  S.AMPERSAND |
  S.TICK |
  S.DOLLAR |
  S.ANGLE |
  S.CONTROL |
  S.CURLY |
  S.BACKSLASH |
  S.QUOTE |
  S.QUESTION |
  S.STAR |
  S.CARET |
  S.PERCENT |
  S.TILDE |
  S.BANG |
  S.SQUARE
const HTML_SIGNS = S.ANGLE | S.QUOTE | S.EQUAL | S.COLON | S.TICK | S.ROUND | S.AMPERSAND
const SCRIPT_SIGNS = S.ROUND | S.QUOTE | S.TICK | S.SQUARE | S.CURLY | S.ANGLE | S.SEMICOLON | S.EQUAL
const CODE_SIGNS =
  S.ROUND |
  S.QUOTE |
  S.TICK |
  S.SQUARE |
  S.CURLY |
  S.ANGLE |
  S.DOLLAR |
  S.EQUAL |
  S.PIPE |
  S.TILDE |
  S.CARET |
  S.PERCENT |
  S.HASH |
  S.AT |
  S.BANG |
  S.BACKSLASH
const INJECTION_SIGNS =
  S.PERCENT | S.DOLLAR | S.QUOTE | S.ROUND | S.STAR | S.AMPERSAND | S.PIPE | S.SQUARE | S.ANGLE | S.CONTROL

/** Bits of analysers by the words that concern them. */
const WORDS = new Map<string, number>()
const concern = (words: Iterable<string>, gate: number): void => {
  for (const word of words) WORDS.set(word, (WORDS.get(word) ?? 0) | gate)
}
/** The first part of a name with dots, which is what a text is cut into. */
const heads = (names: readonly string[]): string[] =>
  names.flatMap((name) => name.split(/[^a-z0-9_$]+/i)).filter((part) => part !== '')
concern(setOf(DATA.sql.statement), SQL)
concern(setOf(DATA.sql.clause), SQL)
concern(setOf(DATA.sql.logic), SQL)
concern(heads(listOf(DATA.sql.tables)), SQL)
concern(heads(listOf(DATA.sql.file)), SQL)
concern(['case', 'having', 'null', 'xor', 'waitfor', 'div', 'elseif'], SQL)
concern(
  'if for while until case cmd powershell pwsh net net1 reg sc wmic schtasks netsh vssadmin certutil bitsadmin rundll32 regsvr32 mshta new start invoke e enc encodedcommand ep exec executionpolicy nop noprofile noni noninteractive sta w windowstyle alias unalias'.split(
    ' ',
  ),
  SHELL,
)
concern(listOf(DATA.html.objects), SCRIPT)
concern(['opener', 'content', 'event', 'location'], SCRIPT)
concern(
  [
    'include',
    'include_once',
    'require',
    'require_once',
    'while',
    'for',
    'iis',
    'use',
    'child_process',
    'worker_threads',
  ],
  CODE,
)
concern(
  heads([
    ...listOf(DATA.code.java),
    ...listOf(DATA.code.dotnet),
    ...listOf(DATA.code.python),
    ...listOf(DATA.code.ruby),
    ...listOf(DATA.code.node),
  ]),
  CODE,
)
const SERIAL = /rO0AB|aced0005|H4sIAAAA|AAEAAAD|gASV|gAJ|BAh|YTo|Tzo|_\$\$/
const NUMBER = /^\s*-?(?:0x|\d{6,}|1e309|2\.2)/i
const LONGEST_WORD = 40

/** Analysers by the words of a text; looks no further once all of `of` are found. */
const byWords = (text: string, of: number): number => {
  let found = 0
  const lower = text.toLowerCase()
  for (let i = 0; i < lower.length; ) {
    let c = lower.charCodeAt(i)
    if (!((c >= 97 && c <= 122) || c === 95 || c === 36 || (c >= 48 && c <= 57))) {
      i++
      continue
    }
    const from = i
    do c = lower.charCodeAt(++i)
    while ((c >= 97 && c <= 122) || c === 95 || c === 36 || (c >= 48 && c <= 57))
    if (i - from > LONGEST_WORD) continue
    const word = WORDS.get(lower.slice(from, i))
    // "1or 2": a word of SQL may stand behind a number.
    if (word !== undefined) found |= word
    else if (text.charCodeAt(from) <= 57 && text.charCodeAt(from) >= 48)
      found |= WORDS.get(lower.slice(from, i).replace(/^[0-9]+/, '')) ?? 0
    if ((found & of) === of) break
  }
  return found
}

/** `raw`: as it stands in the line. */
export const gatesOf = (text: string, raw: string, signs: number): number => {
  let gates = 0
  if (signs & SQL_SIGNS) gates |= SQL
  else if (
    (signs & S.DASH && text.includes('--')) ||
    (signs & S.COLON && text.includes('::')) ||
    (signs & S.STAR && text.includes('*/')) ||
    (signs & S.SLASH && text.includes('/*')) ||
    NUMBER.test(text)
  )
    gates |= SQL
  if (signs & SHELL_SIGNS || /^\s*\./.test(text)) gates |= SHELL
  else if (signs & S.SLASH && signs & S.SPACE) gates |= SHELL
  else {
    const space = text.trimStart().search(/[\s<>]/)
    const first = (space < 0 ? text : text.trimStart().slice(0, space)).toLowerCase()
    if (
      commandOf(
        first
          .split(/[/\\]/)
          .at(-1)!
          .replace(/\.(?:exe|com|bat|cmd|ps1)$/, ''),
      ) !== undefined ||
      first.endsWith('.exe') ||
      first.includes('-') ||
      first.includes('=')
    )
      gates |= SHELL
  }
  if (
    signs & HTML_SIGNS ||
    raw.includes('+A') ||
    (signs & S.PLUS && text.includes('+A')) ||
    (signs & S.HIGH && /[\u00bc\u00be]/.test(text))
  )
    gates |= HTML
  if (signs & SCRIPT_SIGNS) gates |= SCRIPT
  if (
    signs & CODE_SIGNS ||
    (signs & S.COLON && /:\/\/|::|:#|:[$%]|https?:.*:|a:\d|th:|xwork/i.test(text)) ||
    (signs & S.UNDERSCORE && text.includes('__')) ||
    (signs & S.QUESTION && /\?>|\?(?:new|api|eval|interpret)/.test(text)) ||
    SERIAL.test(text)
  )
    gates |= CODE
  if (
    signs & INJECTION_SIGNS ||
    (signs & S.COLON && text.includes('::')) ||
    (signs & S.SLASH && (text.includes('HTTP/') || text.includes('//*'))) ||
    (signs & S.UNDERSCORE && text.includes('__'))
  )
    gates |= INJECTION
  const wanted = SQL | SHELL | SCRIPT | CODE
  if ((gates & wanted) !== wanted) gates |= byWords(text, wanted & ~gates)
  return gates
}
