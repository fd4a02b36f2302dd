// A C interface over the C++ parts of llama.cpp's `common` library that C# cannot call itself: Jinja chat
// templates, tool and JSON-schema grammars, and the parsing of what a model wrote back into a chat message.
//
// No exception crosses this boundary. A function that can fail takes `char ** error`: on failure it returns
// null or -1 and sets *error to a text that the caller frees with dbl_free. That text can quote the request,
// so callers must not log it. Strings are UTF-8 and NUL-terminated.
#pragma once

#include "llama.h"

#include <stddef.h>
#include <stdint.h>

#define DBL_API extern "C" __attribute__((visibility("default")))

// Grows with every change of a signature below; the caller refuses another number.
#define DBL_ABI_VERSION 2

struct dbl_templates;
struct dbl_prompt;
struct dbl_grammar;

DBL_API int32_t dbl_abi_version(void);
DBL_API void    dbl_free(void * memory);

// The model's chat template, or `override_source` when that isn't empty.
DBL_API dbl_templates * dbl_templates_new(const llama_model * model, const char * override_source, char ** error);
DBL_API void            dbl_templates_free(dbl_templates * templates);
DBL_API char *          dbl_templates_source(const dbl_templates * templates, char ** error);

// 1 when the template can write tool calls, 0 when it can't, -1 on failure.
DBL_API int32_t dbl_templates_supports_tools(const dbl_templates * templates, char ** error);

// 1 when the template lets the model think before it answers, 0 when it doesn't, -1 on failure.
DBL_API int32_t dbl_templates_supports_thinking(const dbl_templates * templates, char ** error);

// Renders one request. `messages` and `tools` are OpenAI JSON arrays (`tools` may be empty), `tool_choice` is
// auto, none, required or empty, `schema` is a JSON schema or empty, `reasoning_effort` is none, low, ... or empty.
// With `continues_final_message` the last message is an assistant's, and the prompt ends where it stops.
DBL_API dbl_prompt * dbl_prompt_new(const dbl_templates * templates, const char * messages, const char * tools,
                                    const char * tool_choice, const char * schema, const char * reasoning_effort,
                                    int32_t parallel_tool_calls, int32_t continues_final_message, char ** error);
DBL_API void         dbl_prompt_free(dbl_prompt * prompt);
DBL_API const char * dbl_prompt_text(const dbl_prompt * prompt);

// 1 when the output can hold more than plain content, so that dbl_prompt_parse has to read it.
DBL_API int32_t      dbl_prompt_is_structured(const dbl_prompt * prompt);

// Strings that end the answer, and strings whose special tokens must be rendered as text for the parser.
DBL_API int32_t      dbl_prompt_stop_count(const dbl_prompt * prompt);
DBL_API const char * dbl_prompt_stop(const dbl_prompt * prompt, int32_t index);
DBL_API int32_t      dbl_prompt_preserved_count(const dbl_prompt * prompt);
DBL_API const char * dbl_prompt_preserved(const dbl_prompt * prompt, int32_t index);

// Reads the model's output so far; returns an OpenAI assistant message as JSON. Safe on several threads.
DBL_API char * dbl_prompt_parse(const dbl_prompt * prompt, const char * text, int32_t is_partial, char ** error);

// The grammar that the output of `prompt` must obey: 0 and *grammar null when it needs none.
DBL_API int32_t dbl_grammar_new(const dbl_prompt * prompt, const llama_model * model, dbl_grammar ** grammar,
                                char ** error);
DBL_API void    dbl_grammar_free(dbl_grammar * grammar);

// Sets the logit of each candidate that the grammar forbids to -infinity.
DBL_API int32_t dbl_grammar_apply(dbl_grammar * grammar, llama_token_data_array * candidates, char ** error);
DBL_API int32_t dbl_grammar_accept(dbl_grammar * grammar, llama_token token, char ** error);
