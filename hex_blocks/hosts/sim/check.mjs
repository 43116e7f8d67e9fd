#!/usr/bin/env node
/**
 * Puts this integration into a folder of Sim's sources and checks it there:
 *
 *     node check.mjs FOLDER [--only-check]
 *
 * It applies hex.patch, copies apps/, checks the types of Hex's files with Sim's compiler and settings, and runs Sim's
 * tests of blocks, tools and triggers. With --only-check, it changes nothing and only runs the checks.
 * It exits with 0 if all checks that could be run have passed, and prints which could not be run.
 */

import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = dirname(fileURLToPath(import.meta.url))
const [folder, ...options] = process.argv.slice(2)
const NOT_THERE = 'not run: '

function main() {
  if (!folder || !existsSync(join(folder, 'apps/sim'))) {
    console.error('Give the folder of Sim: the one that holds apps/sim.')
    return 2
  }
  const sim = resolve(folder)
  if (!options.includes('--only-check') && !putIn(sim)) return 1
  const results = [['types', types(sim)], ['tests', tests(sim)]]
  for (const [name, said] of results) console.log(`${name}: ${said || 'passed'}`)
  return results.every(([, said]) => !said || said.startsWith(NOT_THERE)) ? 0 : 1
}

/** Apply the patch and copy the files. Return whether this was possible. */
function putIn(sim) {
  const patch = join(here, 'hex.patch')
  const applied = run('git', ['apply', '--reverse', '--check', patch], sim).status === 0
  if (!applied) {
    const done = run('git', ['apply', patch], sim)
    if (done.status !== 0) {
      console.error(`The patch does not apply. Put its lines in by hand:\n${done.stderr}`)
      return false
    }
  }
  cpSync(join(here, 'apps'), join(sim, 'apps'), { recursive: true })
  return true
}

/** Check the types of Hex's files with Sim's settings. Return the errors; empty if there are none. */
function types(sim) {
  const compiler = tool(sim, 'tsc')
  if (!compiler) return `${NOT_THERE}Sim's compiler is not installed`
  const app = join(sim, 'apps/sim')
  const settings = join(app, 'tsconfig.hex-check.json')
  const mine = filesBelow(join(here, 'apps/sim')).filter((path) => path.endsWith('.ts'))
  const wanted = { extends: './tsconfig.json', include: [], files: mine, compilerOptions: { noEmit: true, incremental: false } }
  writeFileSync(settings, JSON.stringify(wanted))
  try {
    const done = run(compiler, ['--project', settings, '--pretty', 'false'], app)
    const faults = done.stdout.split('\n').filter((line) => mine.some((path) => line.startsWith(`${path}(`)))
    if (done.error) return String(done.error)
    // Errors of the settings themselves have no file name.
    faults.push(...done.stdout.split('\n').filter((line) => /^error TS\d+/.test(line)))
    return faults.join('\n')
  } finally {
    rmSync(settings)
  }
}

/** Run Sim's tests of what it registers. Return the failures; empty if there are none. */
function tests(sim) {
  const runner = tool(sim, 'vitest')
  if (!runner) return `${NOT_THERE}Sim's test runner is not installed`
  const done = run(runner, ['run', 'blocks', 'tools', 'triggers'], join(sim, 'apps/sim'))
  return done.status === 0 ? '' : `${done.stdout}\n${done.stderr}`.slice(-4000)
}

function tool(sim, name) {
  return [join(sim, 'apps/sim'), sim].map((place) => join(place, 'node_modules/.bin', name)).find(existsSync)
}

function run(command, given, cwd) {
  return spawnSync(command, given, { cwd, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 })
}

function filesBelow(top, place = top) {
  return readdirSync(place).flatMap((name) => {
    const path = join(place, name)
    return statSync(path).isDirectory() ? filesBelow(top, path) : [relative(top, path)]
  })
}

process.exitCode = main()
