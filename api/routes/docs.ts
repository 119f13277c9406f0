/** What the API says of itself: the document, and a page that needs no script and nothing from elsewhere. */
import { Hono } from 'hono'
import type { Env } from '../context.ts'
import { does, type Route } from '../does.ts'
import { documentOf } from '../openapi.ts'
import { pageOf } from '../page.ts'
import { getDocument, readDocument } from '../schema/document.ts'
import { VERSION } from '../version.ts'

/** `routes`: all that are registered, these two as well; asked for later, when they are. */
export const docs = (routes: () => readonly Route[], cookie: string) => {
  let made: ReturnType<typeof documentOf> | undefined
  const document = () => (made ??= documentOf(routes(), VERSION, cookie))
  return new Hono<Env>()
    .get('/openapi.json', does(getDocument), (c) =>
      c.body(JSON.stringify(document()), 200, { 'content-type': 'application/json' }),
    )
    .get('/docs', does(readDocument), (c) => c.html(pageOf(document())))
}
