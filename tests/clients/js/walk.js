// Runs one walk of a library: `node walk.js LIBRARY WALK`, with what the walk knows as JSON in WORLD.
// Each step is one line of JSON; tests/javascript.py reads them.
import { createInterface } from 'node:readline'

const [library, name] = process.argv.slice(2)
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]()
const write = (line) => process.stdout.write(JSON.stringify(line) + '\n')

// A step that fails does not end the walk: the steps after it tell how far the fault reaches.
async function step (title, action) {
  try {
    const result = await within(5, action())
    write({ step: title })
    return result
  } catch (error) {
    write({ step: title, failure: tell(error) })
  }
}

async function ask (question) {
  write({ ask: question })
  return (await lines.next()).value
}

async function within (seconds, promise) {
  let timer
  const late = new Promise((resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`nothing within ${seconds} seconds`)), seconds * 1000)
  })
  return Promise.race([promise, late]).finally(() => clearTimeout(timer))
}

function tell (error) {
  const answer = error.response ? ` ${error.config?.url}: ${JSON.stringify(error.response.data)}` : ''
  const where = String(error.stack).split('\n').filter((line) => /js\/(masto|megalodon)\.js/.test(line))
  return [error.message + answer, ...where.map((line) => line.trim())].join(' ')
}

const walks = await import(`./${library}.js`)
await walks[name]({ ...JSON.parse(process.env.WORLD), step, ask })
// Open streams would keep the process alive.
process.exit(0)
