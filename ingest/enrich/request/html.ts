/** HTML in a value: tags and what makes them run, breaking out of an attribute, schemes, styles. */
import { LONGEST } from './bounds.ts'
import { DATA, setOf } from './data.ts'
import { type Add, HINT, SURE } from './findings.ts'

const ACTIVE = setOf(DATA.html.active)
const MILD = setOf(DATA.html.mild)
const KNOWN = setOf(DATA.html.tags)
const EVENTS = setOf(DATA.html.events)

const TAGS = 50
const TAG =
  /<[\x00-\x20/]*([a-zA-Z][\w:.-]{0,40}|!(?:--|\[|DOCTYPE|ENTITY|ELEMENT|ATTLIST|NOTATION)|\?\s*(?:xml|import)\b)/iy
const HANDLER = /(?:^|[\s"'`/<>\x00-\x20;+])(?:x:)?on[a-z]{3,40}(?:%\w\w|[\s\x00-\x20/+])*=(?!=)/i
const SOURCE =
  /(?:src|srcset|href|action|data|formaction|xlink:href|poster|background|style|srcdoc|content|code|codebase|values|to|from|by|manifest|archive|dynsrc|lowsrc|ping|xmlns|classid|profile|cite|icon|usemap|longdesc|http-equiv)\s*=/i
/** Browsers pass over blanks and control characters within the name of a scheme. */
const SCHEME =
  /(?:j\s*a\s*v\s*a\s*s\s*c\s*r\s*i\s*p\s*t|v\s*b\s*s\s*c\s*r\s*i\s*p\s*t|l\s*i\s*v\s*e\s*s\s*c\s*r\s*i\s*p\s*t|e\s*c\s*m\s*a\s*s\s*c\s*r\s*i\s*p\s*t|m\s*o\s*c\s*h\s*a|j\s*s\s*c\s*r\s*i\s*p\s*t)\s*:\s*(?=[^\s])/i
const CSS =
  /expression\s*\(|-moz-binding\s*:|behaviou?r\s*:\s*url|@import\s*['"u\\]|url\s*\(\s*['"]?\s*(?:javascript|data:(?!image\/(?:png|gif|jpe?g|webp))|vbscript)|-ms-filter|progid:|-o-link\s*:|accelerator\s*:\s*true/i
const DATA_SCHEME =
  /\bdata\s*:\s*(?:text\/(?:html|xml|javascript|vbscript|css|ecmascript)|application\/(?:x-|xhtml|javascript|xml|ecmascript)|image\/svg)|\bdata\s*:[\w/+.-]*\s*(?:;[\w=-]+)*;\s*base64\s*,|data:,\s*\S|^data:[\w/+.-]*[;,]/i
const RARE =
  /(?:^|[\s"'/<;`])(?:xlink:href|xmlns(?::\w+)?|formaction|srcdoc|xml:base|ev:event|fscommand|seeksegmenttime|allowscriptaccess|dynsrc|lowsrc|http-equiv|attributename|contentscripttype|data-bind|popovertarget|onpropertychange|ng-[a-z]+|x-(?:data|on|init|html|bind|effect)|v-(?:html|on|bind|if|for)(?::\w+)?|@[a-z]+|hx-[a-z]+|on[a-z]+)\s*=\s*['"]|(?:^|[\s"'/<;`])(?:xlink:href|formaction|srcdoc|xml:base|ev:event|fscommand|seeksegmenttime|xmlns:\w+)\s*=/i
const COOKIE =
  /\bcookie\b[^\n]{0,120};\s*(?:expires|domain|path|max-age|samesite)\s*=|http-equiv\s*=\s*['"]?\s*set-cookie|\.cookie\s*=/i
const NESTED =
  /\b(?:feed|view-source|jar|mhtml|ms-its|res|about|blob|filesystem|chrome|resource|wyciwyg|moz-icon|pcast|its|mk)\s*:\s*(?:javascript|data|https?:|\/\/|file|chrome|blob)/i
const BREAKING = [
  /["'`>][^<>]{0,200}?[\s"'/\x00-\x20+]on[a-z]{3,50}[\s\x00-\x20/]*=\s*(?:\S|$)/i,
  /^[<"'`]*["'`]\s*on[a-z]{3,50}\s*=/i,
  /^["'`]?\s*on[a-z]{3,30}\s*=\s*["'`\w]+\s*[(`.]/i,
]
/** +ADw- is < in UTF-7. */
const UTF7 = /\+A(?:Dw|D4|CI|Cc|GA|CY)-?/

/** What stands in a tag, to its end. */
const within = (value: string, from: number): string => {
  const end = value.indexOf('>', from)
  return value.slice(from, end < 0 ? Math.min(value.length, from + 600) : Math.min(end, from + 600))
}
/** "< s c r i p t", "<scr\0ipt": a filter's blanks. */
const hidden = (value: string, at: number, add: Add): void => {
  const loose = /^<[\s/]*(?:\w\s*:\s*)?((?:[a-z]\s*){3,14})/i.exec(value.slice(at, at + 40))
  if (loose && /^<\s|\s\w\s/.test(loose[0]) && ACTIVE.has(loose[1]!.replace(/\s/g, '').toLowerCase()))
    add('tag_hidden', /^<\s+\w+\s*$/.test(loose[0]) && !value.includes('=') ? HINT : SURE)
  if (/^<[\x00-\x1f%]+[a-z]+/i.test(value.slice(at, at + 20))) add('tag_hidden', HINT)
}

const tags = (value: string, add: Add): void => {
  const lastClose = value.lastIndexOf('>')
  let at = value.indexOf('<')
  for (let n = 0; at >= 0 && n < TAGS; n++, at = value.indexOf('<', at + 1)) {
    TAG.lastIndex = at
    const tag = TAG.exec(value)
    if (!tag) {
      hidden(value, at, add)
      continue
    }
    // <https://…>, <a@b>
    if (
      /^<+[\w.+-]+(?:@|:\/\/)/.test(value.slice(at, at + 60)) &&
      !/^<\w+:\/\/[^\s>]*\s/.test(value.slice(at, at + 200))
    )
      continue
    const spaced = /^<\s*((?:[a-z]\s){2,14}[a-z])\b/i.exec(value.slice(at, at + 40))
    if (spaced && ACTIVE.has(spaced[1]!.replace(/\s/g, '').toLowerCase())) add('tag_hidden', SURE)
    const own = tag[1]!.toLowerCase()
    const name = own.split(':').at(-1)!
    const rest = within(value, at + tag[0].length)
    const closes = lastClose > at
    if (own.startsWith('!')) {
      const mild = own === '!--' || (own === '!doctype' && !/\[|system|public/i.test(rest))
      add(own === '!--' ? 'comment' : 'declaration', mild ? HINT : SURE)
      continue
    }
    if (own.startsWith('?')) {
      add('declaration', own.includes('import') ? SURE : HINT)
      continue
    }
    if (HANDLER.test(` ${rest}`)) add('tag_with_handler', SURE)
    const mild = MILD.has(name)
    if (SOURCE.test(rest)) {
      const harmless =
        mild && !SCHEME.test(rest) && !/style|ping/i.test(rest) && !/href\s*=\s*['"]?\s*(?:https?:)?\/\//i.test(rest)
      add('tag_with_source', harmless ? HINT : SURE)
    }
    if (ACTIVE.has(name))
      add(
        'active_tag',
        closes || tag[0][1] === '/' || rest.length < 40 || /^[\s/]*[\w:-]+\s*=|^[\s/]*$/.test(rest) ? SURE : HINT,
      )
    else if (mild) add('mild_tag', HINT)
    else if (/[-:]|^x/.test(own) ? closes : closes && rest.includes('=')) add('unknown_tag', SURE)
    else if (closes || KNOWN.has(name)) add('unknown_tag', HINT)
  }
}

const attributes = (value: string, add: Add): void => {
  if (/\bon/i.test(value)) {
    if (/["'`>]/.test(value)) {
      if (BREAKING.some((expression) => expression.test(value))) add('attribute_break', SURE)
    } else {
      const event = /(?:^|[\s/;])(on[a-z]{3,40})\s*=\s*\S/i.exec(value)?.[1]
      if (event && EVENTS.has(event.toLowerCase())) add('handler', SURE)
    }
  }
  if (
    /["'][\s/]*(?:style|autofocus|srcdoc|formaction|href|src|action|accesskey|contenteditable|tabindex|popover)\s*=/i.test(
      value,
    ) &&
    !value.includes('<')
  )
    add(
      'attribute_break',
      /style|autofocus|srcdoc|formaction|accesskey|contenteditable|tabindex|popover/i.test(value) ? SURE : HINT,
    )
  if (value.includes('=')) {
    if (RARE.test(value)) add('rare_attribute', SURE)
    if (COOKIE.test(value)) add('cookie_setting', SURE)
  }
}
const schemes = (value: string, add: Add): void => {
  const packed = value.replace(/[\x00-\x1f\u200b-\u200f\u00ad]/g, '')
  const scheme = SCHEME.exec(packed)
  if (scheme) {
    const before = packed.slice(Math.max(0, scheme.index - 1), scheme.index)
    add(
      'script_scheme',
      scheme.index === 0 || (/["'=\s(<,:/]/.test(before) && /[(`=[;%+/]/.test(packed.slice(scheme.index)))
        ? SURE
        : HINT,
    )
  }
  if (DATA_SCHEME.test(packed))
    add(
      'data_scheme',
      /text\/html|script|svg|xml/i.test(packed) || /^\W*data:(?!(?:image\/(?!svg)|font|audio|video))/i.test(packed)
        ? SURE
        : HINT,
    )
  if (NESTED.test(packed)) add('nested_scheme', SURE)
}

/** `raw`: as it stands in the line, where a plus is none. */
export const html = (text: string, raw: string, add: Add): void => {
  const value = text.length > LONGEST ? text.slice(0, LONGEST) : text
  if (value.includes('<')) tags(value, add)
  if ((raw.includes('+') && UTF7.test(raw)) || (value.includes('+') && UTF7.test(value))) add('utf7', SURE)
  // ¼script¾: < and > for who drops the high bit (US-ASCII)
  if (/[\u00bc\u00be]\s*\/?(?:script|img|iframe|svg|body)/i.test(value)) add('high_bit_tag', SURE)
  attributes(value, add)
  if (value.includes(':')) schemes(value, add)
  if (/[(:@]/.test(value) && CSS.test(value.replace(/\/\*.{0,20}?\*\//g, ''))) add('css_code', SURE)
  if (/\]\s*\}?\s*-->|\]\]>|<!\[CDATA\[|&\{[^}]+\}/i.test(value)) add('markup_break', SURE)
  else if (value.includes('-->')) add('markup_break', HINT)
}
