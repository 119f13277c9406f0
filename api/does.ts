/**
 * A route is made of an operation of `schema/`: who may is looked at first, then the parameters, then the body. Every route
 * of /api has one, or the application does not start; the document is made of what is registered.
 */
import type { Context, Handler, MiddlewareHandler } from 'hono'
import { validator } from 'hono/validator'
import type { z } from 'zod'
import { bodyRefusal } from './body.ts'
import type { Env } from './context.ts'
import { may, roleMay } from './permissions.ts'
import { queryRefusal } from './bounds.ts'
import { Refusal } from './refusal.ts'
import { NO_QUERY, type Operation } from './schema/operation.ts'

type QueryOf<O> = O extends { readonly query: infer Q extends z.ZodType } ? Q : typeof NO_QUERY
interface Takes<O> {
  in: { query: z.input<QueryOf<O>> } & (O extends { readonly body: infer B extends z.ZodType }
    ? { json: z.input<B> }
    : unknown)
  out: { query: z.output<QueryOf<O>> } & (O extends { readonly body: infer B extends z.ZodType }
    ? { json: z.output<B> }
    : unknown)
}

const operations = new WeakMap<object, Operation>()
/** The operation that a handler stands for, of those that are registered. */
export const operationOf = (handler: unknown): Operation | undefined => operations.get(handler as object)

const permit = (c: Context<Env>, { act }: Operation): void => {
  const { user } = c.var
  if (may(user, act)) return
  throw roleMay(user.role, act)
    ? new Refusal(
        403,
        'forbidden',
        'Việc này thuộc cả tỉnh: tài khoản của một cơ quan không được làm.',
        'This concerns the whole province: an account of one agency may not do it.',
      )
    : new Refusal(403, 'forbidden', 'Vai trò của bạn không được làm việc này.', 'Your role may not do this.')
}

export const does = <const O extends Operation>(operation: O): MiddlewareHandler<Env, string, Takes<O>> => {
  const query = validator('query', async (given: unknown) => {
    const { success, error, data } = await (operation.query ?? NO_QUERY).safeParseAsync(given)
    if (!success) throw queryRefusal(error.issues[0]!, given)
    return data
  })
  const { body } = operation
  const json =
    body &&
    validator('json', async (given: unknown) => {
      const { success, error, data } = await body.safeParseAsync(given)
      if (!success) throw bodyRefusal(error.issues[0]!, given)
      return data
    })
  const nothing = async () => {}
  const middleware = async (c: Context<Env>, next: () => Promise<void>) => {
    permit(c, operation)
    await query(c as never, nothing)
    if (json) await json(c as never, nothing)
    await next()
  }
  operations.set(middleware, operation)
  return middleware as unknown as MiddlewareHandler<Env, string, Takes<O>>
}

export interface Route {
  readonly method: string
  readonly path: string
  readonly operation: Operation
}
/** The routes below /api with what each of them does. One that is registered without an operation is a mistake of whoever wrote it. */
export const operationsIn = (
  registered: readonly { readonly method: string; readonly path: string; readonly handler: Handler }[],
): Route[] => {
  const found = registered.flatMap(({ method, path, handler }): Route[] => {
    const operation = operationOf(handler)
    return operation ? [{ method, path, operation }] : []
  })
  const known = new Set(found.map(({ method, path }) => `${method} ${path}`))
  const without = registered.find(
    ({ method, path }) =>
      method !== 'ALL' && path.startsWith('/api/') && path !== '/api/auth/*' && !known.has(`${method} ${path}`),
  )
  if (without)
    throw new Error(`${without.method} ${without.path} has no operation: give it one of api/schema with does(…)`)
  return found
}
