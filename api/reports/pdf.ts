/** A report as PDF, set by Typst's compiler: fonts embedded, tagged (PDF/UA-1), text searchable. */
import { join } from 'node:path'
import { NodeCompiler } from '@myriaddreamin/typst-ts-node-compiler'
import type { ReportDocument } from './content.ts'
import { openGlyphs } from './glyphs.ts'
import type { Templates } from './templates.ts'

/** Runs of the typesetter after which what it remembers and did not use again is forgotten. */
const REMEMBERED = 3

/**
 * `base`: address of the console, before each link. Logs bring characters that the fonts do not have (Chinese, pictures), with
 * which PDF/UA refuses the whole report: then a box stands for each, and DOCX and CSV have them as they were. Throws a
 * sentence where the template is wrong.
 */
export const toPdf = (document: ReportDocument, { page, fonts }: Templates, base: string, made: number): Buffer => {
  const compiler = NodeCompiler.create({
    workspace: page.folder,
    fontArgs: [{ fontPaths: [...fonts] }],
  })
  const written = (content: string): Buffer => {
    // Content is an input, never a part of the source.
    const { result, takeDiagnostics } = settle(compiler, {
      mainFilePath: join(page.folder, page.file),
      inputs: { document: content, base },
    })
    if (!result) throw new Error(takeDiagnostics())
    return compiler.pdf(result, { pdfStandard: 'ua-1', creationTimestamp: Math.floor(made / 1000) })
  }
  const content = JSON.stringify(document)
  try {
    return written(content)
  } catch (error) {
    const shown = openGlyphs(fonts)(content)
    if (shown === content) throw error
    return written(shown)
  } finally {
    compiler.evictCache(REMEMBERED)
  }
}

const settle = (compiler: NodeCompiler, what: Parameters<NodeCompiler['compile']>[0]) => {
  const run = compiler.compile(what)
  const { result } = run
  return {
    result,
    takeDiagnostics: (): string => {
      const error = run.takeError() ?? run.takeDiagnostics()
      const first = (error?.shortDiagnostics[0] ?? {}) as { message?: string; range?: string }
      return `${first.message ?? 'it cannot be set'}${first.range ? ` (${first.range})` : ''}`
    },
  }
}
