/**
 * @vitest-environment node
 */
import { describe, expect, it } from 'vitest'
import { HexBlock } from '@/blocks/blocks/hex'
import { hexPollingHandler } from '@/lib/webhooks/polling/hex'
import { hexTools } from '@/tools/hex'
import type { ToolConfig } from '@/tools/types'
import { hexRunFinishedTrigger } from '@/triggers/hex'

const TOKEN = 'hxtp_of_these_tests'
const PROJECT = '01234567-89ab-cdef-0123-456789abcdef'
type Declared = Pick<ToolConfig, 'id' | 'params' | 'outputs'>

const tools: [string, Declared][] = Object.entries(hexTools)

function addressOf(params: object): string {
  const { url } = hexTools.hex_get_project.request
  return typeof url === 'string' ? url : url({ apiKey: TOKEN, projectId: PROJECT, ...params })
}

describe('Hex', () => {
  it.each(tools)('declares %s whole', (id, tool) => {
    expect(tool.id).toBe(id)
    expect(tool.params.apiKey).toMatchObject({ required: true, visibility: 'user-only' })
    expect(Object.values(tool.params).every((each) => each.description)).toBe(true)
    expect(Object.values(tool.outputs ?? {}).every((each) => each.description)).toBe(true)
  })

  it('has a tool for every operation, and an operation for every tool', () => {
    const choice = HexBlock.subBlocks.find((each) => each.id === 'operation')
    const options = Array.isArray(choice?.options) ? choice.options : []
    const named = options.map(({ id }) => HexBlock.tools.config?.tool({ operation: id }))
    expect(new Set(named)).toEqual(new Set(Object.keys(hexTools)))
    expect(new Set(HexBlock.tools.access)).toEqual(new Set(Object.keys(hexTools)))
  })

  it('reaches the region that is chosen', () => {
    expect(addressOf({})).toBe(`https://app.hex.tech/api/v1/projects/${PROJECT}`)
    expect(addressOf({ region: 'eu' })).toBe(`https://eu.hex.tech/api/v1/projects/${PROJECT}`)
    expect(addressOf({ baseUrl: 'acme.hex.tech' })).toBe(`https://acme.hex.tech/api/v1/projects/${PROJECT}`)
  })

  it.each(['https://evil.example', 'http://app.hex.tech', 'https://app.hex.tech.evil.example'])(
    'does not send the token to %s',
    async (baseUrl) => {
      const params = { apiKey: TOKEN, projectId: PROJECT, baseUrl }
      const result = await hexTools.hex_get_project.directExecution?.(params)
      expect(result).toMatchObject({ success: false })
      expect(JSON.stringify(result)).not.toContain(TOKEN)
    }
  )

  it.each(['..', '../../users/me', 'x/../y', 'a?b'])('does not take %s for an ID', async (projectId) => {
    const result = await hexTools.hex_get_project.directExecution?.({ apiKey: TOKEN, projectId })
    expect(result).toMatchObject({ success: false, output: { errorKey: 'bad_inputs' } })
  })

  it('polls under the name of its trigger', () => {
    expect(hexRunFinishedTrigger.provider).toBe(hexPollingHandler.provider)
    expect(HexBlock.triggers?.available).toEqual([hexRunFinishedTrigger.id])
  })
})
