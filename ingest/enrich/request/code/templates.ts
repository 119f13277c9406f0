/** Templates and expressions of the server: {{…}}, ${…}, #{…}, <%…%>, %{…}, @{…}, *{…}, [[…]], ~{…}, @(…); Log4j's look-ups. */
import { type Add, HINT, SURE } from '../findings.ts'

const OPENERS = /\{\{|\$\{|#\{|<%|%\{|@\{|\*\{|\[\[|\{%|\{#|~\{|@\(|\{=|\{\$|<\$|\[=/g
const OPEN = 30
const CLOSE: { readonly [open: string]: string } = {
  '{{': '}}',
  '<%': '%>',
  '[[': ']]',
  '{%': '%}',
  '{#': '#}',
  '@(': ')',
  '<$': '$>',
  '[=': ']',
}
const LOOKUP =
  /^(?:jndi|lower|upper|env|sys|java|date|ctx|main|bundle|map|log4j|docker|k8s|web|spring|script|dns|url|base64decoder|base64encoder|base64|const|file|properties|xml|resourcebundle|localhost|urlencoder|urldecoder|event|marker|sd|::|[^}]{0,40}:-|\$\{)/i
const SURE_LOOKUP =
  /\$\{|jndi|script|dns:|url:|::|:-|^(?:env|sys|java|lower|upper|ctx|base64\w*|const|docker|k8s|main|file|properties|spring|web|resourcebundle|localhost|xml)\s*:/i
const MATH = /^['"]?[\d.]+['"]?\s*[*+/%^-]\s*['"]?[\d.]+['"]?|\d+\s*\*\s*\d+/
const CALL =
  /[\w$\]]\s*\(|\)\s*[.[]|\w\.\w+\.\w+|\|\s*\w+|\[\s*['"]|__\w+__|@[\w.]+@|new\s+\w|=\s*['"\w]|::|`|\?\?|->|^['"[(].*\./
const ROOTS =
  /^(?:self|config|request|settings|session|this|env|app|user|_self|_context|constructor|applicationScope|sessionScope|requestScope|initParam|param|header|cookie|pageContext|class|secret\w*|flag|debug|php|smarty|sys|os|dump|range|lipsum|cycler|joiner|namespace|handler|global|process|root|messages|password|execution|facesContext|view|opaque|system|model|exec|T|dict|object|forms?|csrf_token|url_for|g|vars|locals|proto)\b/i
const DIRECTIVE =
  /#(?:set|foreach|include|parse|evaluate|macro|define|if|end|stop)\s*\(\s*\$?\w|#exec\b|\{\/?php\}|\{\/?literal\}|\{system\(|\{(?:if|foreach|include|eval|fetch|html_\w+|math|textformat|function|include_php|insert)\s[^}]{1,200}\}|<#(?:assign|list|include|import|macro|if|setting|local|global)\s|\$\{?"freemarker|\?new\(\)|\?(?:api|eval|interpret)\b|\{\s*(?:smarty|self::)|<(?:th|c|fmt|jsp|s|cf|x|sql|fn|ui|h|f|p|j|jelly)\w*:\w+|<j?sp?:\w|\{\$smarty|\bth:(?:text|utext|value|href|inline|with|if|each)\s*=|<cf\w+\s|\{@(?:exec|each|if|js)\b|\{\{[#/>^&]\s*\w+|\{%-?\s*\w+/i
const EXPRESSION =
  /(?:^|[^\w])T\(\s*[\w.]+\s*\)|(?:^|[^\w])#(?:_memberAccess|context|request|response|session|application|parameters|attr|this|root|ognl|a|b|cmd|cmds|res\w*|iswin|p|os|dm|ct|container|is|ros|process|rt|w|f|req|writer|poc|mycmd|myret)\s*(?:=|\[|\.\w)|@[\w.]+@\w|\bclass\.(?:module\.)?classLoader\b|\bmemberAccess\b|\(#\w+=|\b(?:redirect|redirectAction|action):\s*[$%]\{|\bmethod:[#%$]|\bxwork\.\w+|\bdenyMethodExecution\b/i

export const templates = (value: string, add: Add): void => {
  OPENERS.lastIndex = 0
  let found = OPENERS.exec(value)
  for (let n = 0; found && n < OPEN; n++, found = OPENERS.exec(value)) {
    const open = found[0]
    const start = found.index + open.length
    const inside = value.slice(start, start + 400)
    const end = inside.indexOf(CLOSE[open] ?? '}')
    const body = (end < 0 ? inside : inside.slice(0, end)).trim()
    if (open === '@(') {
      if (/^\s*(?:\d+\s*[*+/-]\s*\d+|\w+(?:\.\w+)+\(|\{|\w+\()/.test(inside)) add('template_expression', SURE)
      continue
    }
    if (open === '{$' || open === '<$' || open === '[=' || open === '{=') {
      if (MATH.test(body) || (end >= 0 && /\w\s*\(/.test(body))) add('template_expression', SURE)
      continue
    }
    if (open === '[[' && !/[$#@*~]\{|\d\s*\*\s*\d/.test(body)) continue
    if (open === '@{' && !/[([*]/.test(body)) {
      add('template_marker', HINT)
      continue
    }
    if (open === '${' && LOOKUP.test(body)) {
      add('nested_lookup', SURE_LOOKUP.test(body) ? SURE : HINT)
      continue
    }
    const math = MATH.test(body)
    const call = CALL.test(body)
    if (open === '<%') add('template_code', end >= 0 || call || math ? SURE : HINT)
    else if (open === '{%')
      add(
        'template_code',
        /^-?\s*(?:for|if|set|import|include|extends|block|macro|raw|with|call|filter|debug|print|endfor|endif|autoescape|load|from|do|apply|use|verbatim|while|assign|capture|comment|csrf_token|url|now|lorem|ssi|spaceless)\b/i.test(
          body,
        )
          ? SURE
          : HINT,
      )
    else if (math || call) add('template_expression', end >= 0 || open !== '${' ? SURE : HINT)
    else if (ROOTS.test(body))
      add(
        'template_expression',
        open !== '${' ||
          /^(?:pageContext|applicationScope|sessionScope|requestScope|_self|self|__|execution|facesContext)/.test(body)
          ? SURE
          : HINT,
      )
    else add('template_marker', HINT)
  }
  if (DIRECTIVE.test(value)) add('template_directive', SURE)
  if (EXPRESSION.test(value)) add('expression_language', SURE)
}
