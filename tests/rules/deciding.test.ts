import { decidingSuite } from './deciding.suite.ts'
import { embeddedPlace } from './stores.ts'

decidingSuite('duckdb', embeddedPlace, { kills: true })
