/** The document of the API as one page of HTML: operations by noun with what they take and answer, then the shapes that they name. */
import { html, raw } from 'hono/html'
import type { documentOf } from './openapi.ts'

type Document = ReturnType<typeof documentOf>
/** What of JSON Schema our shapes use. */
interface Shape {
  readonly $ref?: string
  readonly type?: string | readonly string[]
  readonly description?: string
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly properties?: { readonly [name: string]: Shape }
  readonly required?: readonly string[]
  readonly items?: Shape
  readonly prefixItems?: readonly Shape[]
  readonly anyOf?: readonly Shape[]
  readonly oneOf?: readonly Shape[]
  readonly additionalProperties?: Shape | boolean
  readonly minimum?: number
  readonly maximum?: number
  readonly maxLength?: number
  readonly default?: unknown
}
interface Described {
  readonly operationId: string
  readonly tags: readonly string[]
  readonly summary: string
  readonly description: string
  readonly parameters?: readonly { name: string; in: string; required?: boolean; description?: string; schema: Shape }[]
  readonly requestBody?: { readonly content: { readonly [type: string]: { readonly schema: Shape } } }
  readonly responses: {
    readonly [status: string]: {
      readonly description: string
      readonly content?: { readonly [type: string]: { readonly schema: Shape } }
    }
  }
}

/** Text with marks of its own is escaped by `html`; what it made is joined as it is. */
type Markup = ReturnType<typeof html>
const joined = (parts: readonly Markup[], between = ''): Markup => raw(parts.map(String).join(between))

/** What it means, and within what it has to be. */
const said = (description: string | undefined, { minimum, maximum, maxLength, default: otherwise }: Shape): string =>
  [
    description,
    minimum !== undefined && maximum !== undefined ? `from ${minimum} to ${maximum}` : undefined,
    maxLength === undefined ? undefined : `at most ${maxLength} characters`,
    otherwise === undefined ? undefined : `without it ${JSON.stringify(otherwise)}`,
  ]
    .filter(Boolean)
    .join('; ')

const shape = (schema: Shape): Markup => {
  if (schema.$ref) {
    const name = schema.$ref.split('/').at(-1)!
    return html`<a href="#${name}">${name}</a>`
  }
  if (schema.const !== undefined) return html`<code>${JSON.stringify(schema.const)}</code>`
  if (schema.enum)
    return joined(
      schema.enum.map((value) => html`<code>${String(value)}</code>`),
      ' | ',
    )
  const either = schema.anyOf ?? schema.oneOf
  if (either) return joined(either.map(shape), ' | ')
  if (schema.prefixItems) return html`[${joined(schema.prefixItems.map(shape), ', ')}]`
  if (schema.items) return html`list of ${shape(schema.items)}`
  if (schema.properties) return fields(schema)
  if (typeof schema.additionalProperties === 'object') return html`map of ${shape(schema.additionalProperties)}`
  return html`${[schema.type].flat().join(' | ')}`
}
const fields = ({ properties = {}, required = [] }: Shape): Markup =>
  html`<table>${joined(
    Object.entries(properties).map(
      ([name, each]) =>
        html`<tr><th>${name}${required.includes(name) ? '' : '?'}</th><td>${shape(each)}</td><td>${said(each.description, each)}</td></tr>`,
    ),
  )}</table>`

const contentOf = (content: { readonly [type: string]: { readonly schema: Shape } } | undefined): Markup =>
  joined(Object.entries(content ?? {}).map(([type, { schema }]) => html`<small>${type}</small> ${shape(schema)}`))

const operation = (method: string, path: string, described: Described): Markup => {
  const { operationId, summary, description, parameters = [], requestBody, responses } = described
  const refusals = Object.entries(responses).filter(([status]) => status !== '200')
  return html`<section id="${operationId}"><h3><code>${method.toUpperCase()} ${path}</code></h3>
<p>${summary}. ${description} <small>${operationId}</small></p>
${
  parameters.length === 0
    ? ''
    : html`<h4>Parameters</h4><table>${joined(
        parameters.map(
          (each) =>
            html`<tr><th>${each.name}${each.required ? '' : '?'}</th><td>${shape(each.schema)}</td><td>${said(each.description ?? each.schema.description, each.schema)}</td></tr>`,
        ),
      )}</table>`
}
${requestBody ? html`<h4>Body</h4>${contentOf(requestBody.content)}` : ''}
<h4>Answer</h4>${contentOf(responses['200']?.content)}
<details><summary>Refuses with ${refusals.map(([status]) => status).join(', ')}</summary><ul>${joined(
    refusals.map(([status, each]) => html`<li>${status}: ${each.description}</li>`),
  )}</ul></details></section>`
}

const STYLE = `:root{color-scheme:light dark;font:15px/1.5 "Be Vietnam Pro",system-ui,sans-serif}body{max-width:1080px;margin:0 auto;padding:16px}
h2{margin-top:40px;border-bottom:1px solid}h3{margin:28px 0 4px}h4{margin:10px 0 4px}table{border-collapse:collapse;font-size:14px}
th,td{text-align:left;vertical-align:top;padding:3px 12px 3px 0;border-top:1px solid color-mix(in srgb,currentColor 20%,transparent);font-weight:400}
th,code{font-family:"JetBrains Mono",ui-monospace,monospace}section:target{outline:2px solid;outline-offset:8px}nav a{margin-right:12px}`

export const pageOf = (document: Document): Markup => {
  const all = Object.entries(document.paths ?? {}).flatMap(([path, item]) =>
    Object.entries(item as { readonly [method: string]: Described }).map(([method, described]) => ({
      method,
      path,
      described,
    })),
  )
  const tags = document.tags ?? []
  const shapes = Object.entries((document.components?.schemas ?? {}) as { readonly [name: string]: Shape })
  return html`<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${document.info.title}: API</title><style>${raw(STYLE)}</style></head><body>
<h1>${document.info.title}: API ${document.info.version}</h1><p>${document.info.description}</p>
<p><a href="/api/openapi.json">openapi.json</a></p>
<nav>${joined(tags.map(({ name }) => html`<a href="#tag-${name}">${name}</a>`))}<a href="#shapes">shapes</a></nav>
${joined(
  tags.map(
    ({ name, description }) =>
      html`<h2 id="tag-${name}">${name}</h2><p>${description ?? ''}</p>${joined(
        all
          .filter(({ described }) => described.tags.includes(name))
          .map(({ method, path, described }) => operation(method, path, described)),
      )}`,
  ),
)}
<h2 id="shapes">Shapes</h2>
${joined(shapes.map(([name, each]) => html`<section id="${name}"><h3>${name}</h3><p>${each.description ?? ''}</p>${shape(each)}</section>`))}
</body></html>`
}
