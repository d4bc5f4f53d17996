using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Checkout.EndToEnd.Http;
using Checkout.EndToEnd.Systems;
using CsCheck;
using Xunit;

namespace Checkout.EndToEnd.OpenApi;

/// <summary>
/// The documents of contracts/openapi against the running services: requests made by them, valid and broken.
/// CHECKOUT_API_REQUESTS sends so many, CHECKOUT_API_SEED begins with a seed that a failure named.
/// </summary>
[Collection(SharedSystem.Collection)]
public sealed class GeneratedRequestsTests(SharedSystem shared)
{
    private const int DefaultRequests = 10_000;
    private const int AtOnce = 8;
    private const int Posted = 40;
    private const int Rich = 5;

    private static readonly string[] Services = ["store", "balance", "inventory"];

    private readonly TestSystem _system = shared.System;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task No_request_whatever_is_answered_with_5xx_or_with_what_the_document_does_not_have()
    {
        var operations = Services.SelectMany(service => ApiContract.Of(service).Operations).ToList();
        var met = new ConcurrentDictionary<string, int>();
        var requests = Environment.GetEnvironmentVariable("CHECKOUT_API_REQUESTS") is { } said
            ? int.Parse(said, CultureInfo.InvariantCulture) : DefaultRequests;
        await new RequestGen(operations, await PostedAsync()).Any.SampleAsync(async request =>
        {
            var answer = await request.SendAsync(_system.Local.Url(request.Operation.Service), Cancel);
            met.AddOrUpdate($"{request.Operation.Node["operationId"]} {request.Fit} {answer.Status}", 1,
                (_, times) => times + 1);
            Assert.True(Fault(request, answer) is null, $"{Fault(request, answer)}\n{request}\n{answer.Status} "
                + $"{answer.Text}");
        }, seed: Environment.GetEnvironmentVariable("CHECKOUT_API_SEED"), iter: requests, threads: AtOnce,
            print: request => request.ToString());
        TestContext.Current.TestOutputHelper?.WriteLine(
            string.Join(Environment.NewLine, met.OrderBy(m => m.Key).Select(m => $"{m.Key}: {m.Value}")));
        // Tame requests would prove nothing.
        foreach (var operation in operations)
            foreach (var kind in new[] { $"{Fit.Valid} 2", $"{Fit.Broken} 4" }.Take(operation.NeedsToken ? 2 : 1))
                Assert.Contains(met.Keys, key =>
                    key.StartsWith($"{operation.Node["operationId"]} {kind}", StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_examples_of_the_document_work()
    {
        var post = ApiContract.Of("store").Operations.Single(o => (string)o.Node["operationId"]! == "postCheckout");
        var examples = post.Node["requestBody"]!["content"]!["application/json"]!["examples"]!.AsObject();
        Assert.NotEmpty(examples);
        foreach (var (name, example) in examples)
        {
            var customer = await _system.Game.NewAsync(coins: 500);
            var answer = await new ApiRequest(post, new(customer, IsSigned: true),
                [.. post.Parameters.Select(p => ((string)p["name"]!, (string)p["example"]!))],
                Encoding.UTF8.GetBytes(example!["value"]!.ToJsonString()), "application/json")
                .SendAsync(_system.Addresses.Store, Cancel);
            // They say to wait for the end.
            Assert.True((answer.Status, post.Undocumented(answer)) is (200, null), $"{name}: {answer.Text}");
            Assert.Equal("completed", JsonDocument.Parse(answer.Text).RootElement.GetProperty("state").GetString());
        }
    }

    /// <summary>In a sentence; null where there is none.</summary>
    private static string? Fault(ApiRequest request, ApiAnswer answer) =>
        answer.Status >= 500 ? "a fault of ours"
        : request.Operation.Undocumented(answer) is { } undocumented ? $"not in the document: {undocumented}"
        : request.Fit == Fit.Broken && answer.Status < 400 ? "the document forbids the request, and it was taken"
        : request.Fit == Fit.Valid && answer.Status is 400 or 401 or 408 or 413 or 415
            ? "the document allows the request, and it was not understood"
        : null;

    private async Task<IReadOnlyList<(string, Guid)>> PostedAsync()
    {
        var posted = new List<(string, Guid)>();
        for (var i = 0; i < Posted; i++)
        {
            var customer = i < Rich ? await _system.Game.NewAsync(coins: 700) : $"generated-{i}";
            var answer = await Answer.PostAsync($"{_system.Addresses.Store}/checkouts", """{"sku":"gorilla"}""",
                customer, Guid.NewGuid().ToString());
            posted.Add((customer, answer.Json.GetProperty("checkoutId").GetGuid()));
        }
        return posted;
    }
}
