/**
 * Is a value SQL that leaves the place where it was put? It is read three times: as it stands, inside '…' and inside "…"; what
 * closes the application's text must go on as SQL and end as SQL does. Which function, table or word is used hardly matters.
 */
import { LONGEST } from '../bounds.ts'
import { type Add, HINT, SURE } from '../findings.ts'
import { closed, endingOf } from './close.ts'
import { lex } from './lex.ts'
import { Reader } from './reader.ts'
import { scan } from './scan.ts'
import { CLASSES } from './words.ts'

const within = (text: string, quote: '' | "'" | '"', add: Add): void => {
  const tokens = lex(text, quote)
  const start = quote === '' ? 0 : 1
  if (!tokens || tokens.kinds.length <= start) return
  const r = new Reader(tokens, add)
  let i = start
  while (r.k[i] === ')' || (quote !== '' && r.k[i] === ']')) i++
  const closers = i - start
  if (r.k[i] !== 'c' || i < r.length - 1) i = r.past(i)
  if (quote !== '') closed(r, quote, i, closers, endingOf(r, quote, text), add)
  scan(r, text, start, i, quote !== '', add)
}

/** Calls that say nothing beside another, but do where they are the whole value. */
const WHOLE_CALLS = new Set(
  'concat concat_ws group_concat substring substr unhex char chr nchar ascii hex mid ord cast convert ifnull nullif coalesce md5 sha1 elt make_set export_set bin conv to_char to_base64 from_base64 json_extract json_keys string_agg strcmp find_in_set'.split(
    ' ',
  ),
)
const OVERFLOW =
  /^-?(?:2147483648|4294967296|9223372036854775808|18446744073709551616|0{4,}\d{4,6}|2\.2250738585072\d+e-308|1e309|9{25,})$/i
const COMMENT_END = '(?:--|#|\\/\\*)'
const TAUTOLOGY = new RegExp(
  `^\\s*(?:\\d+|'[^']{0,30}')\\s*(?:=|<>|!=|<|>|\\blike\\b)\\s*(?:\\d+|'[^']{0,30}')\\s*${COMMENT_END}`,
  'i',
)

/** The whole value is one call, one comparison that only SQL writes, or ends where a statement would. */
const whole = (text: string, add: Add): void => {
  const called = /^\s*[('"]?\s*([a-z_@.]\w*(?:\.\w+){0,4})\(([\s\S]*)$/i.exec(text)
  if (called) {
    const name = called[1]!.toLowerCase()
    const rest = called[2]!.trim()
    const shut = /\)\s*(?:;|--.*|#.*)?$/.test(rest)
    const tells =
      CLASSES.get(name) === 'info' && rest.startsWith(')') && /_|^(?:version|database|user|schema|userenv)$/.test(name)
    const builds = WHOLE_CALLS.has(name) && rest.length > 1 && !/^[a-z]+ [a-z]+/i.test(rest)
    if (shut && (tells || builds)) add('function_call', SURE)
  }
  if (
    /^[\w.'"`)\s]{1,40}\s(?:rlike|regexp|sounds\s+like|<=>|!<|!>)\s*[\w'"(]/i.test(text) ||
    /^[\w.'"`)]{1,40}\s+(?:not\s+)?like\s+['"][^'"]*%/i.test(text) ||
    /^\d+\s+(?:like|is|in|between)\s*[\d('"]/i.test(text) ||
    /^\s*(?:-?\d+|\w*['"])\s+is\s+(?:not\s+)?null\s*(?:$|--|#|\)|\b(?:and|or)\b)/i.test(text)
  )
    add('comparison', SURE)
  if (/(?:^|[\w'")\s]);\s*(?:--|#|\/\*)\s*\W{0,3}$/.test(text)) add('statement_end', SURE)
  else if (
    /^\s*-?\d{1,9}\s*\)*\s*(?:--|\/\*|\)#)\s*[-+]?\s*$/.test(text) ||
    /^[^()\s]{1,30}\)\s*(?:--|#|\/\*)\W{0,3}$/.test(text)
  )
    add('comment_tail', SURE)
  else if (/^\s*-?\d{1,9}#$/.test(text)) add('comment_tail', HINT)
  if (TAUTOLOGY.test(text)) add('tautology', SURE)
  if (/^\s*0x(?:[0-9a-f]{2}){5,}\s*$/i.test(text)) add('hex_text', HINT)
}

/** A value made of signs that close whatever is open. */
const probes = (value: string, add: Add): void => {
  const soup = /['"`(){}[\].,;:\\]{5,}/.exec(value)?.[0]
  if (soup && /['"]/.test(soup) && /[()]/.test(soup) && /[.,]/.test(soup)) add('quote_soup', SURE)
  else if (
    value.length >= 4 &&
    /^[\s'"`(){}[\].,;:\\/*<>=!&|#%@+-]*$/.test(value) &&
    /['"][\s\S]*['"]/.test(value) &&
    /[()=;|#-]/.test(value)
  )
    add('quote_soup', HINT)
  else if (/^[\w.-]{0,20}\\?['"]\)*;?$/.test(value)) add('quote_probe', HINT)
}

export const sql = (text: string, add: Add): void => {
  const value = text.length > LONGEST ? text.slice(0, LONGEST) : text
  within(value, '', add)
  if (value.length < 400) whole(value, add)
  if (OVERFLOW.test(value)) add('number_overflow', SURE)
  if (value.includes("'")) within(value, "'", add)
  if (value.includes('"')) within(value, '"', add)
  // The comment that the application's statement opened, or a filter did.
  if (
    value.includes('*/') &&
    !value.includes('/*') &&
    /\*\/[\s\S]{0,80}?(?:=|--|#|\b(?:or|and|union|select)\b)/i.test(value)
  )
    add('comment_close', SURE)
  if (value.length < 60 && /['"]/.test(value)) probes(value, add)
}
