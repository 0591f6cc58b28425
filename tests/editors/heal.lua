-- nvim --clean --headless -l heal.lua FILE TESTFILE
-- Heals FILE from its failing test to the saved file, and undoes it in one step. Exits 1 at the first thing that is wrong.
local file, tests = _G.arg[1], _G.arg[2]

local function say(...) io.stdout:write(table.concat({ ... }, ' '), '\n') end
local function check(ok, what)
  if not ok then
    say('FAIL', what)
    vim.cmd('cquit 1')
  end
  say('ok', what)
end
local function soon(condition, what, seconds) check(vim.wait((seconds or 30) * 1000, condition, 20), what) end

local progress, messages = {}, {}
vim.api.nvim_create_autocmd('LspProgress', {
  callback = function(event) table.insert(progress, event.data.params.value.kind) end,
})
vim.lsp.handlers['window/showMessage'] = function(_, result) table.insert(messages, result.message) end

vim.lsp.config('heal', {
  cmd = { vim.env.HEAL_TEST_SERVER, '-m', 'heal_lsp', 'serve' },
  filetypes = { 'python' },
  root_dir = vim.fs.dirname(file),
})
vim.lsp.enable('heal')
vim.cmd('filetype on')
vim.cmd.edit(tests)
vim.cmd.edit(file)
vim.bo.filetype = 'python'
local buffer = vim.api.nvim_get_current_buf()
local function text() return table.concat(vim.api.nvim_buf_get_lines(buffer, 0, -1, true), '\n') end
local function client() return vim.lsp.get_clients({ name = 'heal', bufnr = buffer })[1] end

local broken = text()
soon(function() return client() and client().initialized end, 'the server is attached')
check(client().offset_encoding == 'utf-8', 'positions count utf-8')
vim.cmd.write()
soon(function() return #vim.diagnostic.get(buffer) > 0 end, 'saving ran the test, and the function is marked')
local found = vim.diagnostic.get(buffer)[1]
check(found.source == 'heal', 'the diagnostic is ours: ' .. found.message)

vim.api.nvim_win_set_cursor(0, { found.lnum + 1, found.col })
vim.lsp.buf.code_action({ apply = true, filter = function(action) return action.kind == 'quickfix.heal' end })
soon(function() return text() ~= broken end, 'a verified edit arrives', 60)
soon(function() return #vim.diagnostic.get(buffer) == 0 end, 'the diagnostic is cleared')
soon(function() return progress[#progress] == 'end' end, 'progress was shown and ended')
soon(function() return (messages[#messages] or ''):find('now pass') ~= nil end, 'the evidence is told')
vim.cmd.write()
local healed = text()
check(table.concat(vim.fn.readfile(file), '\n') == healed, 'the file on disk is the healed one')
vim.cmd.undo()
check(text() == broken, 'one undo brings the old text back')
vim.cmd.redo()
vim.cmd.write()
check(table.concat(vim.fn.readfile(file), '\n') == healed, 'and redo the healed one')

vim.lsp.stop_client(vim.lsp.get_clients())
soon(function() return #vim.lsp.get_clients() == 0 end, 'the server has ended')
say('DONE', messages[#messages])
vim.cmd('qall!')
