/* The one operation of libtorch that tch does not bind and that pays on a CPU: a linear layer by oneDNN on weights that were packed
 * once (`mkldnn::_linear_pointwise`, libtorch 2.11). It is called through the dispatcher, so it need not be linked.
 *
 * Handles are `at::Tensor *` as tch has them. A null answer means that the operation is not there or refused.
 */
#include <ATen/core/Tensor.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/core/stack.h>

#include <exception>
#include <optional>
#include <string>

namespace {

at::Tensor *call(const char *name, torch::jit::Stack stack) {
    try {
        auto operation = c10::Dispatcher::singleton().findSchema({name, ""});
        if (!operation) return nullptr;
        operation->callBoxed(&stack);
        return new at::Tensor(std::move(stack.at(0)).toTensor());
    } catch (const std::exception &) {
        return nullptr;
    }
}

} // namespace

/* `weight` (out, in) packed for inputs of about `rows` rows. */
extern "C" void *cavendish_pack_linear(void *weight, int64_t rows) {
    torch::jit::Stack stack;
    stack.emplace_back(*static_cast<at::Tensor *>(weight));
    stack.emplace_back(std::optional<int64_t>(rows));
    return call("mkldnn::_reorder_linear_weight", std::move(stack));
}

/* `x` (rows, in) times what `cavendish_pack_linear` gave. */
extern "C" void *cavendish_packed_linear(void *x, void *packed) {
    torch::jit::Stack stack;
    stack.emplace_back(*static_cast<at::Tensor *>(x));
    stack.emplace_back(*static_cast<at::Tensor *>(packed));
    stack.emplace_back(c10::IValue());
    stack.emplace_back(std::string("none"));
    stack.emplace_back(c10::List<std::optional<at::Scalar>>());
    stack.emplace_back(std::optional<std::string>(""));
    return call("mkldnn::_linear_pointwise", std::move(stack));
}
