/** The document of the API (OpenAPI 3.1), made of the operations that are registered and their schemas. */
import { z } from 'zod'
import { createDocument, type ZodOpenApiOperationObject, type ZodOpenApiPathsObject } from 'zod-openapi'
import type { Route } from './does.ts'
import { failure, REFUSALS, type RefusalStatus } from './schema/failure.ts'
import { standardDocument } from './schema/document.ts'
import { NO_QUERY, type Operation, TAGS } from './schema/operation.ts'
import { signIn, signOut } from './schema/session.ts'

/** How an operation may refuse. */
export const refusalsOf = ({ refuses = [], body, open }: Operation): RefusalStatus[] => {
  const any: RefusalStatus[] = open ? [400, 500, 503] : [400, 401, 403, 500, 503]
  return [...new Set([...any, ...(body ? ([413] as const) : []), ...refuses])].sort((a, b) => a - b)
}

const JSON_TYPE = 'application/json'
const operationObject = (path: string, operation: Operation): ZodOpenApiOperationObject => {
  const {
    id,
    tag,
    summary,
    act,
    query = NO_QUERY,
    body,
    answer,
    media = JSON_TYPE,
    open,
    failure: refusal = failure,
  } = operation
  const names = [...path.matchAll(/:(\w+)/g)].map(([, name]) => name!)
  return {
    operationId: id,
    tags: [tag],
    summary,
    description: open ? 'Needs no session.' : `Needs the permission "${act}".`,
    ...(open ? { security: [] } : {}),
    requestParams: {
      ...(names.length ? { path: z.strictObject(Object.fromEntries(names.map((name) => [name, z.string()]))) } : {}),
      ...(query === NO_QUERY ? {} : { query }),
    },
    ...(body ? { requestBody: { required: true, content: { [JSON_TYPE]: { schema: body } } } } : {}),
    responses: {
      200: {
        description: media === 'text/event-stream' ? 'Server-sent events; the data of each is this' : 'As asked',
        // Values of JSON hold values of JSON: no generator can write that down as a type.
        content: { [media]: { schema: answer === standardDocument ? { type: 'object' } : answer } },
      },
      ...Object.fromEntries(
        refusalsOf(operation).map((status) => [
          `${status}` as const,
          { description: REFUSALS[status], content: { [JSON_TYPE]: { schema: refusal } } },
        ]),
      ),
    },
  }
}

/** Addresses are below /api, as the routes are. `cookie`: the name of the session's. */
export const documentOf = (routes: readonly Route[], version: string, cookie: string) => {
  const paths: ZodOpenApiPathsObject = {}
  const all: readonly Route[] = [
    ...routes,
    { method: 'POST', path: '/api/auth/sign-in/username', operation: signIn },
    { method: 'POST', path: '/api/auth/sign-out', operation: signOut },
  ]
  for (const { method, path, operation } of all) {
    const address = path.replaceAll(/:(\w+)/g, '{$1}')
    paths[address] = { ...paths[address], [method.toLowerCase()]: operationObject(path, operation) }
  }
  return createDocument({
    openapi: '3.1.1',
    info: {
      title: 'Vọng Lâu',
      version,
      description:
        'Security monitoring of a province. Times are epoch milliseconds; names of ECS fields are spelled as everywhere; lists in a parameter are separated by commas. A parameter or a field that is not named here is refused.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
    security: [{ session: [] }],
    paths,
    components: {
      securitySchemes: {
        session: {
          type: 'apiKey',
          in: 'cookie',
          name: cookie,
          description: 'Set by signing in; with TLS its name begins with "__Secure-"',
        },
      },
    },
  })
}
