// whisper.cpp, unchanged, with what its C interface lacks: computations that can be ended between two operations of
// their graph (its own callback is asked after a whole encoder run, which takes a large model seconds), and calls out
// of which no exception comes.
#include "whisper.cpp"

#define DBW_API extern "C" __attribute__((visibility("default")))

DBW_API void dbw_set_abort_callback(whisper_state * state, ggml_abort_callback callback, void * user_data) {
    for (ggml_backend_t backend : state->backends) {
        ggml_backend_dev_t device = ggml_backend_get_device(backend);
        ggml_backend_reg_t registry = device ? ggml_backend_dev_backend_reg(device) : nullptr;
        auto * set = registry
            ? (ggml_backend_set_abort_callback_t) ggml_backend_reg_get_proc_address(registry, "ggml_backend_set_abort_callback")
            : nullptr;
        if (set) {
            set(backend, callback, user_data);
        }
    }
}

DBW_API whisper_context * dbw_init(const char * path, whisper_context_params params) {
    try {
        return whisper_init_from_file_with_params_no_state(path, params);
    } catch (...) {
        return nullptr;
    }
}

DBW_API whisper_state * dbw_init_state(whisper_context * context) {
    try {
        return whisper_init_state(context);
    } catch (...) {
        return nullptr;
    }
}

DBW_API int dbw_full(whisper_context * context, whisper_state * state, whisper_full_params params, const float * samples, int count) {
    try {
        return whisper_full_with_state(context, state, params, samples, count);
    } catch (...) {
        return -100;
    }
}
