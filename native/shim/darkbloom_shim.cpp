#include "darkbloom_shim.h"

#include "chat.h"

#include <cctype>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <vector>

// Exported by libllama-common; its header is not needed for anything else.
void common_log_set_verbosity_thold(int verbosity);

struct dbl_templates {
    common_chat_templates_ptr templates;
};

struct dbl_prompt {
    common_chat_params        params;
    common_chat_parser_params parser;
    bool                      structured = false;
};

struct dbl_grammar {
    llama_sampler * sampler = nullptr;

    ~dbl_grammar() {
        if (sampler != nullptr) {
            llama_sampler_free(sampler);
        }
    }
};

namespace {

char * copy(const std::string & text) {
    char * memory = static_cast<char *>(malloc(text.size() + 1));
    if (memory != nullptr) {
        memcpy(memory, text.c_str(), text.size() + 1);
    }
    return memory;
}

// Runs `body`; what it throws becomes *error and `failed`.
template <typename Result, typename Body> Result guarded(char ** error, Result failed, Body body) noexcept {
    *error = nullptr;
    try {
        return body();
    } catch (const std::exception & exception) {
        *error = copy(exception.what());
    } catch (...) {
        *error = copy("unknown native exception");
    }
    return failed;
}

bool given(const char * text) {
    return text != nullptr && *text != '\0';
}

// The patterns and tokens that wake a lazy grammar, as llama_sampler_init_grammar_lazy_patterns takes them.
struct triggers {
    std::vector<std::string> patterns;
    std::vector<llama_token> tokens;

    explicit triggers(const std::vector<common_grammar_trigger> & source) {
        for (const auto & trigger : source) {
            switch (trigger.type) {
                case COMMON_GRAMMAR_TRIGGER_TYPE_TOKEN:
                    tokens.push_back(trigger.token);
                    break;
                case COMMON_GRAMMAR_TRIGGER_TYPE_WORD:
                    patterns.push_back(regex_escape(trigger.value));
                    break;
                case COMMON_GRAMMAR_TRIGGER_TYPE_PATTERN:
                    patterns.push_back(trigger.value);
                    break;
                case COMMON_GRAMMAR_TRIGGER_TYPE_PATTERN_FULL:
                    patterns.push_back(anchored(trigger.value));
                    break;
            }
        }
    }

    static std::string anchored(const std::string & pattern) {
        if (pattern.empty()) {
            return "^$";
        }
        return (pattern.front() == '^' ? "" : "^") + pattern + (pattern.back() == '$' ? "" : "$");
    }
};

// A grammar made for a template describes the answer from the generation prompt on, which the prompt already
// holds: the grammar has to be moved past it.
void skip_generation_prompt(llama_sampler * grammar, const llama_vocab * vocab, const std::string & text) {
    const auto tokens = common_tokenize(vocab, text, false, true);
    for (size_t i = 0; i < tokens.size(); i++) {
        const std::string piece      = common_token_to_piece(vocab, tokens[i], true);
        const bool        is_space   = !piece.empty() && isspace(static_cast<unsigned char>(piece[0]));
        const bool        text_space = isspace(static_cast<unsigned char>(text[0]));
        if (i == 0 && is_space && !text_space) {
            continue; // some tokenizers put a space before the first special token
        }
        llama_sampler_accept(grammar, tokens[i]);
    }
}

} // namespace

int32_t dbl_abi_version(void) {
    return DBL_ABI_VERSION;
}

void dbl_free(void * memory) {
    free(memory);
}

dbl_templates * dbl_templates_new(const llama_model * model, const char * override_source, char ** error) {
    return guarded<dbl_templates *>(error, nullptr, [&] {
        common_log_set_verbosity_thold(-1); // its messages quote prompts
        auto result       = std::make_unique<dbl_templates>();
        result->templates = common_chat_templates_init(model, given(override_source) ? override_source : "");
        return result.release();
    });
}

void dbl_templates_free(dbl_templates * templates) {
    delete templates;
}

char * dbl_templates_source(const dbl_templates * templates, char ** error) {
    return guarded<char *>(error, nullptr, [&] {
        return copy(common_chat_templates_source(templates->templates.get()));
    });
}

int32_t dbl_templates_supports_tools(const dbl_templates * templates, char ** error) {
    return guarded<int32_t>(error, -1, [&] {
        const auto capabilities = common_chat_templates_get_caps(templates->templates.get());
        const auto found        = capabilities.find("supports_tool_calls");
        return found != capabilities.end() && found->second ? 1 : 0;
    });
}

int32_t dbl_templates_supports_thinking(const dbl_templates * templates, char ** error) {
    return guarded<int32_t>(error, -1, [&] {
        return common_chat_templates_support_enable_thinking(templates->templates.get()) ? 1 : 0;
    });
}

dbl_prompt * dbl_prompt_new(const dbl_templates * templates, const char * messages, const char * tools,
                            const char * tool_choice, const char * schema, const char * reasoning_effort,
                            int32_t parallel_tool_calls, int32_t continues_final_message, char ** error) {
    return guarded<dbl_prompt *>(error, nullptr, [&] {
        common_chat_templates_inputs inputs;
        inputs.messages            = common_chat_msgs_parse_oaicompat(common_json::parse(messages));
        inputs.use_jinja           = true;
        inputs.reasoning_format    = COMMON_REASONING_FORMAT_AUTO;
        inputs.parallel_tool_calls = parallel_tool_calls != 0;
        if (given(tools)) {
            inputs.tools = common_chat_tools_parse_oaicompat(common_json::parse(tools));
        }
        if (given(tool_choice)) {
            inputs.tool_choice = common_chat_tool_choice_parse_oaicompat(tool_choice);
        }
        if (given(schema)) {
            inputs.json_schema = schema;
        }
        if (given(reasoning_effort)) {
            const std::string effort = reasoning_effort;
            inputs.enable_thinking   = effort != "none";
            inputs.chat_template_kwargs["reasoning_effort"] = "\"" + effort + "\"";
        }
        if (continues_final_message != 0) {
            inputs.continue_final_message = COMMON_CHAT_CONTINUATION_CONTENT;
            inputs.add_generation_prompt  = false;
        }

        auto result    = std::make_unique<dbl_prompt>();
        result->params = common_chat_templates_apply(templates->templates.get(), inputs);
        result->parser = common_chat_parser_params(result->params);
        result->parser.reasoning_format = COMMON_REASONING_FORMAT_AUTO;
        if (!result->params.parser.empty()) {
            result->parser.parser.load(result->params.parser);
        }
        // A grammar made for a schema may let the model put the answer into a code fence: the parser takes it off.
        result->structured = !inputs.tools.empty() || result->params.supports_thinking || !inputs.json_schema.empty();
        return result.release();
    });
}

void dbl_prompt_free(dbl_prompt * prompt) {
    delete prompt;
}

const char * dbl_prompt_text(const dbl_prompt * prompt) {
    return prompt->params.prompt.c_str();
}

int32_t dbl_prompt_is_structured(const dbl_prompt * prompt) {
    return prompt->structured ? 1 : 0;
}

int32_t dbl_prompt_stop_count(const dbl_prompt * prompt) {
    return static_cast<int32_t>(prompt->params.additional_stops.size());
}

const char * dbl_prompt_stop(const dbl_prompt * prompt, int32_t index) {
    return prompt->params.additional_stops[static_cast<size_t>(index)].c_str();
}

int32_t dbl_prompt_preserved_count(const dbl_prompt * prompt) {
    return static_cast<int32_t>(prompt->params.preserved_tokens.size());
}

const char * dbl_prompt_preserved(const dbl_prompt * prompt, int32_t index) {
    return prompt->params.preserved_tokens[static_cast<size_t>(index)].c_str();
}

char * dbl_prompt_parse(const dbl_prompt * prompt, const char * text, int32_t is_partial, char ** error) {
    return guarded<char *>(error, nullptr, [&] {
        return copy(common_chat_parse(text, is_partial != 0, prompt->parser).to_json_oaicompat().dump());
    });
}

int32_t dbl_grammar_new(const dbl_prompt * prompt, const llama_model * model, dbl_grammar ** grammar,
                        char ** error) {
    *grammar = nullptr;
    return guarded<int32_t>(error, -1, [&] {
        const auto & params = prompt->params;
        if (params.grammar.empty()) {
            return 0;
        }
        const llama_vocab * vocab  = llama_model_get_vocab(model);
        auto                result = std::make_unique<dbl_grammar>();
        if (params.grammar_lazy) {
            const triggers            wake(params.grammar_triggers);
            std::vector<const char *> patterns;
            for (const auto & pattern : wake.patterns) {
                patterns.push_back(pattern.c_str());
            }
            result->sampler = llama_sampler_init_grammar_lazy_patterns(
                vocab, params.grammar.c_str(), "root", patterns.data(), patterns.size(), wake.tokens.data(),
                wake.tokens.size());
        } else {
            result->sampler = llama_sampler_init_grammar(vocab, params.grammar.c_str(), "root");
        }
        if (result->sampler == nullptr) {
            throw std::runtime_error("the grammar does not parse");
        }
        if (!params.grammar_lazy && !params.generation_prompt.empty()) {
            skip_generation_prompt(result->sampler, vocab, params.generation_prompt);
        }
        *grammar = result.release();
        return 0;
    });
}

void dbl_grammar_free(dbl_grammar * grammar) {
    delete grammar;
}

int32_t dbl_grammar_apply(dbl_grammar * grammar, llama_token_data_array * candidates, char ** error) {
    return guarded<int32_t>(error, -1, [&] {
        llama_sampler_apply(grammar->sampler, candidates);
        return 0;
    });
}

int32_t dbl_grammar_accept(dbl_grammar * grammar, llama_token token, char ** error) {
    return guarded<int32_t>(error, -1, [&] {
        llama_sampler_accept(grammar->sampler, token);
        return 0;
    });
}
