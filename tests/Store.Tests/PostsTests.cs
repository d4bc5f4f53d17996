using avatarstore.store;
using Avro.Specific;
using Checkout.Chassis.State;
using Checkout.Fixtures;
using Checkout.Store.Checkouts;
using Checkout.Store.Packages;
using CsCheck;
using Xunit;

namespace Checkout.Store.Tests;

/// <summary>Groups of posts in memory; what a database adds is tested with one.</summary>
public sealed class PostsTests
{
    private const int Runs = 1_000;
    private const long Price = 500;
    private static readonly DateTime Now = new(2026, 1, 1, 12, 0, 0, DateTimeKind.Utc);
    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(5);

    private static readonly Gen<CreateCheckout> AnyPost = Gen.Select(
        Gen.Guid, Gen.Int[0, 2], Gen.Int[0, 2], Gen.OneOf("GORILLA", "TIGER", "UNLISTED", "GONE"),
        Gen.OneOf<long?>(null, Price, Price + 1),
        (id, customer, key, sku, price) =>
            new CreateCheckout(id, $"c-{customer}", $"key-{key}", sku, Now, Deadline, price));

    private static readonly Gen<CreateCheckout[][]> Groups = AnyPost.Array[1, 8].Array[1, 5];

    [Fact]
    public void The_first_of_equal_keys_in_a_group_is_the_purchase_and_the_same_body_again_is_the_same_purchase()
    {
        var (first, again) = (Post("key-1", "GORILLA"), Post("key-1", "GORILLA"));
        var store = Store();
        var told = Run(store, first, again);
        Assert.Equal(first.CheckoutId, Assert.IsType<CheckoutCreated>(Assert.Single(told)).CheckoutId);
        Assert.Equal((PostOutcome.Created, first.CheckoutId), CheckoutDecisions.AnswerTo(store.Rows, first));
        Assert.Equal((PostOutcome.SameAsBefore, first.CheckoutId), CheckoutDecisions.AnswerTo(store.Rows, again));
    }

    [Fact]
    public void The_same_key_with_another_body_is_no_purchase()
    {
        var (first, other) = (Post("key-1", "GORILLA"), Post("key-1", "TIGER"));
        var store = Store();
        Assert.Single(Run(store, first, other));
        Assert.Equal((PostOutcome.KeyUsedForOther, first.CheckoutId), CheckoutDecisions.AnswerTo(store.Rows, other));
    }

    [Fact]
    public void A_key_held_since_an_earlier_group_is_the_purchase_of_then()
    {
        var (first, again, other) = (Post("key-1", "GORILLA"), Post("key-1", "GORILLA"), Post("key-1", "UNLISTED"));
        var store = Store();
        Run(store, first);
        Assert.Empty(Run(store, again, other));
        Assert.Equal((PostOutcome.SameAsBefore, first.CheckoutId), CheckoutDecisions.AnswerTo(store.Rows, again));
        Assert.Equal((PostOutcome.KeyUsedForOther, first.CheckoutId), CheckoutDecisions.AnswerTo(store.Rows, other));
    }

    [Fact]
    public void A_key_that_only_an_event_tells_of_is_the_purchase_of_then()
    {
        var (first, again, other) = (Post("key-1", "GORILLA"), Post("key-1", "GORILLA"), Post("key-1", "TIGER"));
        var created = (CheckoutCreated)Assert.Single(Run(Store(), first));
        var store = Store().Given(rows => rows.HashedPosts.Add(new(created.CustomerId, created.KeyHash),
            new(created.CheckoutId, created.BodyHash)));
        Assert.Empty(Run(store, again, other));
        Assert.Equal((PostOutcome.SameAsBefore, first.CheckoutId), CheckoutDecisions.AnswerTo(store.Rows, again));
        Assert.Equal((PostOutcome.KeyUsedForOther, first.CheckoutId), CheckoutDecisions.AnswerTo(store.Rows, other));
    }

    [Fact]
    public void A_key_of_before_the_hashes_is_the_purchase_of_then()
    {
        var (again, other) = (Post("key-1", "GORILLA"), Post("key-1", "TIGER"));
        var before = Guid.NewGuid();
        var store = Store().Given(rows => rows.Posts.Add(new(again.CustomerId, "key-1"), new("GORILLA", before)));
        Assert.Empty(Run(store, again, other));
        Assert.Equal((PostOutcome.SameAsBefore, before), CheckoutDecisions.AnswerTo(store.Rows, again));
        Assert.Equal((PostOutcome.KeyUsedForOther, before), CheckoutDecisions.AnswerTo(store.Rows, other));
    }

    [Fact]
    public void What_is_hashed_how_is_for_ever()
    {
        Assert.Equal("xeBEFwwBjtrW6iSSdP84QNdMMCe-PRjHbOSA2r5BOZk", PostHash.OfKey("c-1", "key-1"));
        Assert.Equal("kOCjqIyBIZIhbubwJg9mA29n2CSlufQ6FzPd8wtiyc4", PostHash.OfBody("GORILLA", 500));
        Assert.Equal("qVU9MaqT5IyapsZuiAjGsgRs80aYVySdFsCvyqGOshw", PostHash.OfBody("GORILLA", null));
    }

    [Fact]
    public void A_post_for_what_is_not_listed_leaves_its_key_free()
    {
        var (unlisted, listed) = (Post("key-1", "UNLISTED"), Post("key-1", "GORILLA"));
        var store = Store();
        Assert.Empty(Run(store, unlisted));
        Assert.Equal((PostOutcome.UnknownPackage, null), CheckoutDecisions.AnswerTo(store.Rows, unlisted));
        Assert.Single(Run(store, listed));
    }

    [Fact]
    public void A_post_for_what_is_off_sale_leaves_its_key_free_and_one_from_before_is_what_it_was()
    {
        var (first, gone, again) = (Post("key-1", "GORILLA"), Post("key-2", "GORILLA"), Post("key-1", "GORILLA"));
        var store = Store();
        Run(store, first);
        store.RunAlone(StoreChoreography.Table.WorkOf(new TakeOffSale("GORILLA"), Guid.NewGuid()));
        Assert.Empty(Run(store, gone, again));
        Assert.Equal((PostOutcome.OffSale, null), CheckoutDecisions.AnswerTo(store.Rows, gone));
        Assert.Equal((PostOutcome.SameAsBefore, first.CheckoutId), CheckoutDecisions.AnswerTo(store.Rows, again));
        store.RunAlone(StoreChoreography.Table.WorkOf(new PutOnSale("GORILLA"), Guid.NewGuid()));
        Assert.Single(Run(store, gone with { CheckoutId = Guid.NewGuid() }));
    }

    [Fact]
    public void A_post_that_expects_another_price_leaves_its_key_free_for_one_that_knows_it()
    {
        var (dear, right) = (Post("key-1", "GORILLA", Price + 1), Post("key-1", "GORILLA", Price));
        var store = Store();
        Assert.Empty(Run(store, dear));
        Assert.Equal((PostOutcome.OtherPrice, null), CheckoutDecisions.AnswerTo(store.Rows, dear));
        Assert.Single(Run(store, right));
        Assert.Equal((PostOutcome.Created, right.CheckoutId), CheckoutDecisions.AnswerTo(store.Rows, right));
    }

    [Fact]
    public void A_post_sent_again_is_the_purchase_of_then_though_the_price_has_changed()
    {
        var (first, again) = (Post("key-1", "GORILLA", Price), Post("key-1", "GORILLA", Price));
        var store = Store();
        Run(store, first);
        store.RunAlone(StoreChoreography.Table.WorkOf(new ChangePrice("GORILLA", Price + 1), Guid.NewGuid()));
        Assert.Empty(Run(store, again));
        Assert.Equal((PostOutcome.SameAsBefore, first.CheckoutId), CheckoutDecisions.AnswerTo(store.Rows, again));
    }

    [Fact]
    public void The_expected_price_is_a_part_of_the_body()
    {
        var first = Post("key-1", "GORILLA", Price);
        CreateCheckout[] others = [Post("key-1", "GORILLA"), Post("key-1", "GORILLA", Price + 1)];
        var store = Store();
        Assert.Single(Run(store, [first, .. others]));
        Assert.All(others, other => Assert.Equal((PostOutcome.KeyUsedForOther, first.CheckoutId),
            CheckoutDecisions.AnswerTo(store.Rows, other)));
    }

    [Fact]
    public void The_same_key_of_two_customers_is_two_purchases()
    {
        var (one, other) = (Post("key-1", "GORILLA"), Post("key-1", "GORILLA") with { CustomerId = "c-2" });
        Assert.Equal(2, Run(Store(), one, other).Count);
    }

    [Fact]
    public void Keys_are_inserted_in_one_order_and_once_whatever_the_order_of_the_posts() =>
        AnyPost.Array[0, 10].Sample(posts =>
        {
            var inserted = new List<PostKey>();
            Run(Store(onPost: inserted.Add), posts);
            var wanted = posts.Where(post => Refusal(post) is null).Select(KeyOf).Distinct()
                .OrderBy(key => key.CustomerId, StringComparer.Ordinal)
                .ThenBy(key => key.IdempotencyKey, StringComparer.Ordinal);
            Assert.Equal(wanted, inserted);
        }, iter: Runs);

    [Fact]
    public void However_posts_are_grouped_each_key_is_one_purchase_and_every_answer_names_it() =>
        Groups.Sample(groups =>
        {
            var store = Store();
            var created = new Dictionary<PostKey, (CreateCheckout Post, CheckoutCreated Created)?>();
            foreach (var group in groups)
            {
                foreach (var e in Run(store, group).Cast<CheckoutCreated>())
                {
                    var post = group.Single(post => post.CheckoutId == e.CheckoutId);
                    created.Add(KeyOf(post), (post, e));
                }
                foreach (var post in group)
                {
                    var (outcome, checkoutId) = CheckoutDecisions.AnswerTo(store.Rows, post);
                    Assert.Equal(created.GetValueOrDefault(KeyOf(post))?.Post.CheckoutId, checkoutId);
                    Assert.Equal(Wanted(post, created.GetValueOrDefault(KeyOf(post))), outcome);
                }
            }
        }, iter: Runs);

    private static PostOutcome? Wanted(CreateCheckout post, (CreateCheckout Post, CheckoutCreated Created)? holder) =>
        holder is null ? Refusal(post)
        : holder.Value.Post.CheckoutId == post.CheckoutId ? PostOutcome.Created
        : (holder.Value.Post.Sku, holder.Value.Post.ExpectedPriceCoins) == (post.Sku, post.ExpectedPriceCoins)
            ? PostOutcome.SameAsBefore
        : PostOutcome.KeyUsedForOther;

    private static PostOutcome? Refusal(CreateCheckout post) => post switch
    {
        { Sku: "UNLISTED" } => PostOutcome.UnknownPackage,
        { Sku: "GONE" } => PostOutcome.OffSale,
        { ExpectedPriceCoins: { } expected } when expected != Price => PostOutcome.OtherPrice,
        _ => null,
    };

    private static CreateCheckout Post(string key, string sku, long? price = null) =>
        new(Guid.NewGuid(), "c-1", key, sku, Now, Deadline, price);

    private static PostKey KeyOf(CreateCheckout post) => new(post.CustomerId, post.IdempotencyKey);

    private static InMemory<StoreRows> Store(Action<PostKey>? onPost = null)
    {
        var memory = new MemoryRows
        {
            Check = (_, key, _) =>
            {
                if (key is PostKey post) onPost?.Invoke(post);
            },
        };
        return new InMemory<StoreRows>(StoreChoreography.Table, Now) { Memory = memory }.Given(rows =>
        {
            foreach (var sku in new[] { "GORILLA", "TIGER" }) rows.Packages.Add(sku, new(sku, Price));
            rows.Packages.Add("GONE", new("Gone", Price, IsOnSale: false));
        });
    }

    private static IReadOnlyList<ISpecificRecord> Run(InMemory<StoreRows> store, params CreateCheckout[] posts)
    {
        var works = posts.Select(post => StoreChoreography.Table.WorkOf(post, post.CheckoutId)).ToList();
        var told = store.Run(works);
        Assert.All(works, work => Assert.Null(work.Fault));
        return told;
    }
}
