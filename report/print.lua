-- From the page's HTML to Typst: what pandoc's writer leaves out and PDF/UA asks for, the words that describe pictures
-- and formulas, and the page's boxes, which are functions of style.typ.

local function quote(words)
  return '"' .. words:gsub("\\", "\\\\"):gsub('"', '\\"'):gsub("%s+", " ") .. '"'
end

local function markup(blocks)
  return pandoc.write(pandoc.Pandoc(blocks), "typst", { wrap_text = "none" })
end

local function argument(blocks)
  return "[\n" .. markup(blocks) .. "\n]"
end

-- A picture is drawn with its alternative text, as wide as the text unless it would be higher than the page.
local function Image(image)
  local words = pandoc.utils.stringify(image.caption)
  local size = image.attributes["data-tall"] == "yes" and "width: auto, height: tallest" or "width: 100%"
  return pandoc.RawInline("typst", "#image(" .. quote(image.src) .. ", alt: " .. quote(words) .. ", " .. size .. ")")
end

-- A page's end does not cut a row, unless a cell is so long that it may need more than a page.
local LONG_CELL = 900 -- letters
-- A small table stays on one page, so that no row of it stands alone on the next.
local FEW_ROWS = 14
local FEW_LETTERS = 1300 -- in all, about a quarter of a page

local function Table(found)
  local longest, letters, rows = 0, 0, 0
  found:walk({
    Plain = function(part)
      local length = utf8.len(pandoc.utils.stringify(part)) or LONG_CELL
      longest, letters = math.max(longest, length), letters + length
    end,
  })
  for _, body in ipairs(found.bodies) do
    rows = rows + #body.body
  end
  if rows <= FEW_ROWS and letters <= FEW_LETTERS then
    return { pandoc.RawBlock("typst", "#whole-table["), found, pandoc.RawBlock("typst", "]") }
  elseif longest < LONG_CELL then
    return { pandoc.RawBlock("typst", "#whole-rows["), found, pandoc.RawBlock("typst", "]") }
  end
end

-- A formula is read out by the words of the element around it, else by its source.
local function speak(formula, words)
  return pandoc.RawInline("typst", "#spoken(" .. quote(words) .. ", " .. markup({ pandoc.Plain({ formula }) }) .. ")")
end

local function Span(span)
  local words = span.attributes["data-alt"]
  if words then
    return span:walk({
      Math = function(formula)
        return speak(formula, words)
      end,
    }).content
  end
end

local function Math(formula)
  return speak(formula, formula.text)
end

-- The summary's tiles: a label, a value, a note.
local function tiles(div)
  local found = {}
  div:walk({
    DefinitionList = function(list)
      for _, item in ipairs(list.content) do
        local label, parts = item[1], {}
        for _, definition in ipairs(item[2]) do
          for _, block in ipairs(definition) do
            parts[#parts + 1] = argument({ block })
          end
        end
        found[#found + 1] = "(" .. argument({ pandoc.Plain(label) }) .. ", " .. table.concat(parts, ", ") .. ",)"
      end
    end,
  })
  return pandoc.RawBlock("typst", "#tiles((" .. table.concat(found, ", ") .. ",))")
end

local function Div(div)
  if div.classes:includes("contents") then
    return pandoc.RawBlock("typst", "#contents()")
  elseif div.classes:includes("tile-box") then
    return tiles(div)
  elseif div.classes:includes("notice") then
    return pandoc.RawBlock("typst", "#notice" .. argument(div.content))
  elseif div.classes:includes("run-in") then
    return pandoc.RawBlock("typst", "#block(sticky: true, above: 12pt, below: 6pt)" .. argument(div.content))
  end
end

-- A line that announces a command or a prompt stays on its page; so do the few lines between a heading and a figure or
-- table, which would else stand with their heading above an empty rest of the page.
local ALONE = 2 -- paragraphs

local function announces(blocks, position)
  local follower = blocks[position + 1]
  if follower and follower.t == "CodeBlock" then
    return true
  end
  local before, after = position - 1, position + 1
  while before > 0 and blocks[before].t == "Para" do
    before = before - 1
  end
  while blocks[after] and blocks[after].t == "Para" do
    after = after + 1
  end
  local shown = blocks[after] and (blocks[after].t == "Figure" or blocks[after].t == "Div" or blocks[after].t == "Table")
  return shown and before > 0 and blocks[before].t == "Header" and after - before - 1 <= ALONE
end

local function Blocks(blocks)
  local found = pandoc.Blocks({})
  for position, block in ipairs(blocks) do
    if block.t == "Para" and announces(blocks, position) then
      found:insert(pandoc.RawBlock("typst", "#block(sticky: true)" .. argument({ block })))
    else
      found:insert(block)
    end
  end
  return found
end

return { { Image = Image, Span = Span }, { Math = Math }, { Table = Table }, { Div = Div }, { Blocks = Blocks } }
