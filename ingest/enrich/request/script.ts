/** JavaScript (and VBScript) of browsers: sinks, the document and its members, calls in all spellings, code made of signs. */
import { LONGEST } from './bounds.ts'
import { anyOf, DATA, listOf } from './data.ts'
import { type Add, HINT, SURE } from './findings.ts'

const OBJECTS = anyOf(listOf(DATA.html.objects))
const CALL = new RegExp(
  `(?:^|[^\\w.$-]|\\b(?:${OBJECTS})[.\\]])(?:${anyOf(listOf(DATA.html.sinks))})\\s*(?:\\(|\`|\\?\\.\\s*\\(|\\.(?:call|apply|bind)\\b|\\]\\s*\\()`,
  'i',
)
const STRONG = new RegExp(`(?:${anyOf([...listOf(DATA.html.strong), 'document'])})\\s*(?:[(\`.[]|\\?\\.)`, 'i')
const MEMBER = new RegExp(
  `\\b(?:document|window|self|top|parent|globalthis|frames|location|navigator|opener|content|history|event|external)(?:\\s*\\?\\.\\s*|\\.(?! )|\\s+\\.\\s*|\\s*\\[\\s*)['"\`]?(?:(?:${anyOf(listOf(DATA.html.members))})\\b|getelement\\w+|queryselector\\w*|\\w+['"\`]?\\s*\\]|['"]\\s*\\+|/)`,
  'i',
)
const ASSIGN =
  /(?:\.|\b)(?:innerHTML|outerHTML|srcdoc|cookie|onerror|onload|location|textContent|onmessage|onhashchange|innerText)\s*\+?=(?![=>])\s*[^\s]|\blocation\s*(?:\.(?:href|hash|replace|assign))?\s*[=(]/i
const COMPUTED =
  /(?:\b(?:this|self|top|parent|window|frames|globalThis|document|constructor|Function|Object|Array|Reflect|String|location|navigator)|[\])}])\s*\[\s*(?:['"`/(+!~[]|\w+\s*\+|\d+\])[^\]]{0,80}\]\s*(?:\(|`|=|\[|\.)/
const SIGNS =
  /(?:[[\](){}!+]{2,}){6,}|\[\]\s*\[|!\[\]|\(!\+?\[\]|\$=~\[\]|\(\{\}\+|ﾟ[ωΘДｰ]ﾟ|\[\+|\+!!\[|\[\]\+|~\[\]|\(\[\]\+/
const FUNCTION =
  /\bfunction\s*\*?\s*\w*\s*\([^)]{0,80}\)\s*\{|(?:\([^()]{0,60}\)|\b\w+)\s*=>\s*[\w({[]|\bnew\s+(?:Function|XMLHttpRequest|Image|WebSocket|ActiveXObject|Worker|Proxy|EventSource|Audio|FormData|DOMParser|Promise|Set|Map|Array|Error|RegExp)\b\s*[(`]?|(?:^|[^\w\s,.'-]\s*|[\r\n])throw(?:[\s+]|\/\*.{0,40}?\*\/)*[\w({["'`]|\bthrow\s*[[{("'`]|\bwith\(\s*\w+\s*\)|\basync\s+(?:function|\(|\w+\s*=>)|\bcatch\s*(?:\(\w*\))?\s*\{|\bdebugger\b\s*;/i
const TAGGED =
  /(?:\b[\w$]+|[\])])(?:\.(?:call|apply|bind|map|from|sort|filter|find|some|every|constructor|of|reduce|forEach|flatMap|findIndex|findLast|replace))\s*(?:`|\()\s*(?:\$?\{|alert|eval|`|[\w$]*\s*\)?\s*`)|(?:^|[\s;=(,'"])(?:alert|confirm|prompt|eval|fetch|import|print|open|setTimeout|setInterval|Function|constructor|write)\s*`|(?:\.[\w$]+|\]|\))`[^`]*`|^[\w$.]+`[^`]*`/i
const SPACED =
  /(?:^|[;=({,]\s*)(?:[\w$]+(?:\.[\w$]+)+|[\w$.]*\[[^\]]*\](?:\.[\w$]+)*)\s*`[^`]*(?:\$\{|`)|(?:^|[\s;=({,])[\w$.]+\s+`[^`]*\$\{/i
const CALLBACK =
  /[\w\])'"]\s*\.\s*\w+\s*(?:\(|`)[^()]{0,60}\b(?:alert|confirm|prompt|eval|print|import|fetch|atob|document|location|cookie)\b\s*[,)]|[\])}]\s*(?:\.\s*\w+\s*)?`[^`]*`|\b(?:instanceof|in)\s+(?:alert|confirm|prompt|eval)\b/i
const HIDDEN =
  /\bString\s*\.\s*from(?:CharCode|CodePoint)|\bunescape\s*\(|\batob\s*\(|\.source\s*[+)]|\.toString\s*\(\s*(?:\d|\))|\bconstructor\s*[.([]\s*['"`]?\s*(?:constructor|prototype)?|\bexecScript\s*\(|\bmsgbox\s*[("]|\bdecodeURI(?:Component)?\s*\(|\bnew\s+RegExp|\bJSON\.parse\s*\(/i

/** name`…`: the back-tick that opens stands right behind a name or bracket; in prose a blank is before it. */
const tagged = (value: string): boolean => {
  let at = value.indexOf('`')
  for (let n = 0; at >= 0 && n < 30; n++) {
    const close = value.indexOf('`', at + 1)
    if (at > 0 && /[\w$\])]/.test(value[at - 1]!) && (close > 0 || value.includes('${', at))) return true
    at = close < 0 ? -1 : value.indexOf('`', close + 1)
  }
  return false
}

export const script = (text: string, add: Add): void => {
  const value = text.length > LONGEST ? text.slice(0, LONGEST) : text
  if (MEMBER.test(value)) add('dom_member', /[=;()<'"`{]/.test(value) || !/\s/.test(value.trim()) ? SURE : HINT)
  if (!/[('"`=[<{>;\]]/.test(value)) return
  if (ASSIGN.test(value)) add('dom_assignment', /\blocation\s*=/.test(value) && !/[;"'<`(]/.test(value) ? HINT : SURE)
  if (COMPUTED.test(value)) add('computed_member', SURE)
  const signs = SIGNS.exec(value)?.[0]
  if (signs !== undefined && (!/^[[\](){}!+]+$/.test(signs) || signs.length < 12 || /\[\]|!\[|\(!/.test(signs)))
    add('symbol_code', SURE)
  if (value.includes('`') && (TAGGED.test(value) || tagged(value) || SPACED.test(value)))
    add('call_without_brackets', SURE)
  if (/\(\s*(?:alert|confirm|prompt|eval|fetch|print|import)\s*\)\s*(?:\(|`|\?\.)/i.test(value))
    add('script_call', SURE)
  if (FUNCTION.test(value)) add('script_function', value.includes('=>') && !/[({;]/.test(value) ? HINT : SURE)
  if (CALLBACK.test(value)) add('script_callback', SURE)
  const call = CALL.exec(value)
  if (call) {
    const end = call.index + call[0].length
    // "print (" is prose: no blank before the bracket, or something of code around it.
    const strong = STRONG.test(call[0]) && !/\s\($/.test(call[0])
    const coded =
      call.index === 0 ||
      /[;'"`=<>{}[\]]|\(\s*(?:\d+|document|window|this|self|name|origin)\b|\/[\w.]*\//.test(value.slice(end - 1)) ||
      /[;'"`=<>{},(+\-*/%|&!~?:]/.test(value.slice(call.index, call.index + 1))
    add('script_call', strong && coded ? SURE : HINT)
  }
  if (HIDDEN.test(value)) add('hidden_script', SURE)
}
