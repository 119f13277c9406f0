/** The smaller languages: NoSQL, LDAP (RFC 4515), XPath, XML, server-side includes, headers of HTTP and mail, SMTP, IMAP, POP3. */
import { LONGEST } from './bounds.ts'
import { type Add, HINT, type Place, SURE } from './findings.ts'

const OPERATORS =
  'eq|ne|gte?|lte?|n?in|regex|where|exists|or|and|nor|not|expr|type|mod|all|size|elemMatch|text|jsonSchema|comment|options|func|function|accumulator|lookup|match|set|unset|inc|push|pull|rename|near|geoWithin|slice|meta|rand|sum|cond|ifNull|toString|search|group|project|sort|limit|unwind|out|merge|mul|min|max|bit|addToSet|pop|each|position|currentDate|setOnInsert|natural|query|explain|maxTimeMS'
const OPERATOR = new RegExp(`^\\$(?:${OPERATORS})$`, 'i')
const OPERATOR_KEY = new RegExp(
  `["'\\s{,]\\s*\\$(?:${OPERATORS})["']?\\s*:|\\[\\s*['"]?\\$(?:${OPERATORS})['"]?\\s*\\]`,
  'i',
)
const NOSQL_SCRIPT =
  /['"]\s*(?:\|\||&&)\s*(?:['"\d(!]|this\.|true|1\b)|['"]\s*;\s*(?:return|var|while|sleep|db\.|it=|throw|if|let|const)\b|\bthis\.\w+\s*(?:==?=?|!=|\.match|\.\w+\s*\()|\bdb\.(?:\w+\.)?(?:find|insert|drop|remove|update|eval|stats|getCollection\w*|injection|save|aggregate|version|help|adminCommand|runCommand|listDatabases|getMongo|hostInfo|serverStatus)\w*\s*\(|;\s*return\s+(?:true|1|this)|\breturn\s*\(?\s*(?:true|!?\w+\s*[=!]=)|\btojson(?:once)?\s*\(|\bnew\s+Date\(\)\s*;\s*do\b/i

const HEADERS =
  /[\r\n]\s*(?:set-cookie|location|content-(?:type|length|disposition|encoding|location|language|security-policy)|transfer-encoding|x-[\w-]+|refresh|link|host|cookie|connection|cache-control|last-modified|expires|date|server|access-control-[\w-]+|strict-transport-security|status|user-agent|referer|origin|authorization|accept[\w-]*|via|upgrade|te|expect|if-[\w-]+|header\w*|etag|pragma|vary|age|range|forwarded|proxy-[\w-]+|www-authenticate|p3p)\s*:/i
const ANY_HEADER = /[\r\n][A-Za-z][\w-]{1,40}:\s?\S/
const MAIL_HEADER =
  /[\r\n]\s*(?:to|cc|bcc|from|subject|reply-to|mime-version|content-type|content-transfer-encoding|x-mailer|return-path|sender|date|message-id|disposition-notification-to|errors-to|resent-\w+)\s*:\s*\S/i
const COMMANDS = [
  /[\r\n]\.?\s*(?:(?:helo|ehlo|vrfy|expn|auth|rset|noop|quit|data|starttls|turn|etrn|lhlo)\b|mail\s+from\s*:|rcpt\s+to\s*:)/i, // RFC 5321
  /[\r\n]\s*[a-z]?\d{1,4}\s+(?:capability|login|logout|select|examine|create|delete|rename|subscribe|unsubscribe|list|lsub|status|append|check|close|expunge|search|fetch|store|copy|move|uid|noop|idle|authenticate|starttls|namespace|getquota)\b/i, // RFC 9051
  /[\r\n]\s*(?:(?:stat|list|retr|dele|noop|rset|quit|top|uidl|apop|user|pass|capa|stls|auth)\s*(?:\d+|\w+)?\s*(?:[\r\n]|$))/i, // RFC 1939
  /[\r\n]\s*(?:set|get|add|replace|append|prepend|cas|gets|delete|incr|decr|flush_all|stats|version|config|eval|slaveof|replicaof|save|bgsave|flushall|flushdb|keys|info|module|script)\s+\S+.*(?:[\r\n]|$)|[\r\n]\*\d+[\r\n]+\$\d+/i, // memcached, Redis
]
const SMUGGLED =
  /(?:^|[\r\n\s])(?:GET|POST|HEAD|PUT|DELETE|OPTIONS|PATCH|TRACE|CONNECT|PROPFIND)\s+\S+\s+HTTP\/\d|(?:^|\s)HTTP\/\d\.\d\s+\d{3}\s/

const LDAP_FILTER =
  /\(\s*[&|!]\s*\(?|\)\s*\(\s*(?:[&|!]|[\w;.-]{1,40}\s*(?:[~<>]?=|:[\w.:]*=))|\*\s*\)\s*(?:\(|\)|[&|]|$|\x00)|(?:^|\W)[&|]\s*\(\s*\w{1,30}\s*[~<>]?=/
const LDAP_NAMES =
  /\b(?:objectclass|objectcategory|cn|uid|userpassword|samaccountname|mail|sn|dn|ou|dc|memberof|admincount|password|homedirectory|gidnumber|uidnumber|user(?:name)?|givenname|login|zone|primarygroupid|useraccountcontrol|department|mobile|description|telephonenumber|displayname|userprincipalname|member|name|pass(?:wd)?|email|title|role|group|type|id)\s*(?:[~<>]?=|:)/i
const XPATH =
  /\b(?:ancestor|ancestor-or-self|attribute|child|descendant|descendant-or-self|following|following-sibling|namespace|parent|preceding|preceding-sibling|self)::|\b(?:string-length|substring-before|substring-after|starts-with|normalize-space|local-name|namespace-uri|name|count|node|text|position|last|doc|doc-available|unparsed-text|collection|base-uri|system-property|document-uri|comment|processing-instruction|generate-id|matches|string-to-codepoints|codepoints-to-string|encode-for-uri)\s*\(\s*(?:\/|\.|\)|\(|@|\*|\w+\(|doc|'|")|\[\s*(?:position\s*\(\)|last\s*\(\)|@\w+\s*=|\d+\s*\]\s*\/)|\]\s*\|\s*\/|\|\s*\/\/?(?:\*|\w+)|\/\/\*|'\s*\]\s*(?:\||\/)/i
const XPATH_SURE =
  /['"\]]\s*(?:or|and|\||\])|\b(?:or|and)\b\s*\(?\s*(?:count|string-length|name|substring|not|position|starts-with|contains|doc)\s*\(|\/\/\*|\]\s*\||\|\s*\/|doc\s*\(|unparsed-text\s*\(|\/\w+\[\d+\]/i

/** A name or key with an operator: user[$ne], {"$where": …}. */
export const operatorName = (name: string, add: Add): void => {
  if (name.includes('$') && name.split(/[[\].:]/).some((part) => OPERATOR.test(part))) add('nosql_operator', SURE)
}

const ldap = (value: string, add: Add): void => {
  if (!LDAP_FILTER.test(value)) return
  const named = LDAP_NAMES.test(value)
  const built = /\)\s*\(\s*[&|!]|\(\s*[&|!]\s*\(|\*\s*\)\s*\(|\)\s*\(\s*\w+\s*[~<>]?=/.test(value)
  if (built && (named || /[=*]/.test(value) || /\)\s*\(\s*[&|!]\s*\)/.test(value))) add('ldap_filter', SURE)
  else if (named || /\*\)\)|\*\)\x00|\*\)$/.test(value))
    add(
      'ldap_filter',
      (named && /[*|&]/.test(value)) || /^[\w@. -]{0,30}\*?\)+(?:\x00|%00)?$/.test(value) ? SURE : HINT,
    )
}
const xml = (value: string, add: Add): void => {
  if (
    /<!--\s*#\s*(?:exec|include|echo|config|flastmod|fsize|printenv|set|if|elif|else|endif)\b|<!--#|<esi:(?:include|vars|inline|remove|try|choose|debug|assign|eval)\b/i.test(
      value,
    )
  )
    add('server_include', SURE)
  if (
    /<!ENTITY\b|<!DOCTYPE\s+[^>]{0,200}(?:\[|SYSTEM|PUBLIC)|<xi:include|<xsl:|xmlns:xi\b|SYSTEM\s+["'](?:file|https?|ftp|php|expect|gopher|jar|netdoc|\/)|<\?xml-stylesheet|<soap(?:env)?:|<methodCall>|<!ELEMENT\b|<!ATTLIST\b/i.test(
      value,
    )
  )
    add('xml_entity', SURE)
  if (/<\?xml\b/.test(value)) add('xml_document', HINT)
  if (/<(\w{1,40})>[^<]{0,80}<\/\1>\s*<(\w+)>|<\/\w+>\s*<\w+>|\]\]>|<!\[CDATA\[/i.test(value))
    add('xml_break', /\]\]>|CDATA/.test(value) ? SURE : HINT)
}
const lines = (value: string, place: Place, add: Add): void => {
  if (HEADERS.test(value) || /[\r\n]\s*set-cookie/i.test(value) || (value.includes('\r') && ANY_HEADER.test(value)))
    add('header_injection', SURE)
  if (/[\r\n]\s*HTTP\/\d/.test(value) || /[\r\n]{2,}\s*</.test(value)) add('response_splitting', SURE)
  if (MAIL_HEADER.test(value)) add('mail_header', SURE)
  if (COMMANDS.some((expression) => expression.test(value))) add('mail_command', SURE)
  add('line_break', place === 'query' || place === 'name' ? HINT : SURE)
}

export const injection = (text: string, place: Place, add: Add): void => {
  const value = text.length > LONGEST ? text.slice(0, LONGEST) : text
  if (value.includes('%') && /(?:%\d{0,4}\$?[snpxd]\W?){3,}/.test(value)) add('format_string', SURE)
  if (value.includes('__') && /__schema\b\s*\{|__type\s*\(/.test(value)) add('graphql_introspection', SURE)
  if (/[$'"(]/.test(value)) {
    if (value.includes('$') && OPERATOR_KEY.test(value)) add('nosql_operator', SURE)
    if (/[;|&=('"]/.test(value) && NOSQL_SCRIPT.test(value)) add('nosql_script', SURE)
  }
  if (/[()*&|]/.test(value)) ldap(value, add)
  if (/[/:[(]/.test(value)) {
    const hit = XPATH.exec(value)?.[0]
    if (hit !== undefined && (/::|\(\s*\//.test(hit) || XPATH_SURE.test(value)))
      add('xpath', (hit.includes('::') && !/[[(/]/.test(value)) || /^https?:/i.test(value) ? HINT : SURE)
  }
  if (value.includes('<')) xml(value, add)
  if (/[\r\n]/.test(value)) lines(value, place, add)
  if (value.includes('HTTP/') && SMUGGLED.test(value)) add('request_inside', SURE)
  if (value.includes('\0')) add('null_byte', SURE)
}
